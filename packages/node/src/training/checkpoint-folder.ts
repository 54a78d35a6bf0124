import { dirname, join, relative, resolve } from 'node:path';
import { fail } from '@bigrid/errors';
import type { Checkpoint, Scratch, TrainingClass } from '@bigrid/inspect';
import { z } from 'zod';
import {
  failToWrite,
  followLinks,
  readBytes,
  statOrUndefined,
  writeAtomically,
} from '../files/files.ts';
import { holdAlone } from '../files/hold-alone.ts';
import { mkdir, readFolder, realpath, rm, rmdir, stat } from '../files/system.ts';
import { type FileScratch, keptScratch } from './scratch.ts';

/** Identifies a training, so that only the same one is resumed. */
export interface TrainingIdentity {
  /** All options, as plain data. */
  readonly options: object;
  /** Size and date of each image, by its path relative to the data folder. */
  readonly images: Readonly<Record<string, string>>;
}

/**
 * Files in the folder. Without the state, the rest is not a checkpoint; it belongs to the identity, and to the features, to
 * which more may have been added since.
 */
export const checkpointFiles = {
  identity: 'training.json',
  state: 'state',
  features: 'features',
} as const;
const { identity: IDENTITY, state: STATE, features: FEATURES } = checkpointFiles;

/** The checkpoint folder of a training that writes to `out`. */
export async function checkpointPath(out: string): Promise<string> {
  return `${await followLinks(out)}.checkpoint`;
}

/** Whether an earlier training with the same output left a checkpoint. */
export async function hasCheckpoint(out: string): Promise<boolean> {
  // A path that cannot be resolved has none either.
  return checkpointPath(out)
    .then((path) => stat(join(path, STATE)))
    .then(
      () => true,
      () => false,
    );
}

/** Size and date of every image, by its path relative to the data folder, which may move. */
export async function identifyImages(
  dir: string,
  classes: readonly TrainingClass[],
): Promise<Record<string, string>> {
  const identities: Record<string, string> = {};
  for (const { name, entries } of classes) {
    for (const { path } of entries) {
      const place = `${name}: ${relative(resolve(dir), resolve(path))}`;
      identities[place] = await identifyFile(path);
    }
  }
  return identities;
}

/** Size and date of a file. */
export async function identifyFile(path: string): Promise<string> {
  return stat(path).then(
    ({ size, mtimeMs }) => `${size} bytes of ${new Date(mtimeMs).toISOString()}`,
    () => 'nothing that can be read',
  );
}

export interface CheckpointOptions {
  /** Resume from an existing checkpoint; otherwise it is deleted. */
  readonly resume?: boolean | undefined;
  readonly everySeconds?: number | undefined;
}

/**
 * Opens the checkpoint of a training that writes to `out`; undefined if that is a device or a pipe.
 * @throws IN_USE, OUTPUT_UNWRITABLE, OPTION_INVALID; when resuming also CHECKPOINT_MISMATCH, with the differences, and
 *   CHECKPOINT_INVALID
 */
export async function openCheckpoint(
  out: string,
  identity: TrainingIdentity,
  { resume = false, everySeconds }: CheckpointOptions,
): Promise<CheckpointFolder | undefined> {
  if (everySeconds !== undefined && !(everySeconds >= 0)) {
    fail('OPTION_INVALID', `Expected 0 or more for checkpointSeconds but received ${everySeconds}`);
  }
  const present = await statOrUndefined(out);
  if (present !== undefined && !present.isFile()) return undefined;
  const path = await checkpointPath(out);
  const lock = await lockFolder(path, out);
  try {
    if (resume && (await statOrUndefined(join(path, STATE))) !== undefined) {
      assertSame(await readDescription(path), described(identity), path);
      return new CheckpointFolder(path, await readBytes(join(path, STATE)), everySeconds, lock);
    }
    await clear(path);
    await writeAtomically(
      join(path, IDENTITY),
      `${JSON.stringify(described(identity), null, 1)}\n`,
    );
    return new CheckpointFolder(path, undefined, everySeconds, lock);
  } catch (error) {
    await lock.release();
    return failToWrite(path, error);
  }
}

/**
 * The folder `OUT.checkpoint` next to the output of a training: the state, the features of the images read so far, and what
 * identifies the training. It is locked, and removed when training succeeds or nothing was saved in it.
 */
export class CheckpointFolder implements Checkpoint {
  readonly path: string;
  readonly saved: Uint8Array | undefined;
  readonly everySeconds: number | undefined;
  readonly #lock: FolderLock;
  #scratch: FileScratch | undefined;

  constructor(
    path: string,
    saved: Uint8Array | undefined,
    everySeconds: number | undefined,
    lock: FolderLock,
  ) {
    this.path = path;
    this.saved = saved;
    this.everySeconds = everySeconds;
    this.#lock = lock;
  }

  async openScratch(blockBytes: number, kept: number): Promise<Scratch> {
    this.#scratch = await keptScratch(join(this.path, FEATURES), blockBytes, kept);
    return this.#scratch;
  }

  async save(state: Uint8Array): Promise<void> {
    await this.#scratch?.flush();
    await writeAtomically(join(this.path, STATE), state);
  }

  /** Closes the folder. Does not throw, so that it cannot hide the result of a training. */
  async close({ succeeded }: { succeeded: boolean }): Promise<void> {
    try {
      const isOfUse = !succeeded && (await statOrUndefined(join(this.path, STATE))) !== undefined;
      if (!isOfUse) await clear(this.path);
      await this.#lock.release();
    } catch {
      // What cannot be removed stays: the next training with this output deletes it.
    }
  }
}

interface FolderLock {
  /** Releases the lock, and removes the folders created for it that are empty. */
  release(): Promise<void>;
}

async function lockFolder(path: string, out: string): Promise<FolderLock> {
  let highest: string | undefined;
  try {
    highest = await mkdir(path, { recursive: true });
    const release = await holdAlone(await realpath(path));
    // Another training may just have ended and removed the folder.
    highest ??= await mkdir(path, { recursive: true });
    return {
      async release() {
        await removeEmpty(path, highest ?? path);
        await release();
      },
    };
  } catch (error) {
    if (highest !== undefined) await removeEmpty(path, highest);
    return failToWrite(out, error);
  }
}

async function removeEmpty(path: string, highest: string): Promise<void> {
  try {
    for (let folder = path; folder.length >= highest.length; folder = dirname(folder)) {
      await rmdir(folder);
    }
  } catch {
    // Not empty.
  }
}

/** Removes everything, the state first: without it, the rest is not a checkpoint. */
async function clear(path: string): Promise<void> {
  await rm(join(path, STATE), { force: true });
  for (const { name } of await readFolder(path)) {
    await rm(join(path, name), { recursive: true, force: true });
  }
}

const textsSchema = z.record(z.string(), z.string());
const descriptionSchema = z.object({ options: textsSchema, images: textsSchema });

/** The identity of a training, as text. */
type Description = z.infer<typeof descriptionSchema>;
type Texts = Description['options'];

function described({ options, images }: TrainingIdentity): Description {
  return { options: flat(options), images };
}

async function readDescription(path: string): Promise<Description> {
  const file = join(path, IDENTITY);
  try {
    return descriptionSchema.parse(JSON.parse(Buffer.from(await readBytes(file)).toString('utf8')));
  } catch (cause) {
    return fail(
      'CHECKPOINT_INVALID',
      `Expected a description of the training in ${file} but received an unreadable one`,
      { cause },
    );
  }
}

const MOST_NAMED = 5;

/** @throws CHECKPOINT_MISMATCH */
function assertSame(before: Description, now: Description, path: string): void {
  const options = differences(before.options, now.options, 'nothing');
  const images = differences(before.images, now.images, 'not there');
  const all = [...options, ...images];
  if (all.length === 0) return;
  const rest = all.length > MOST_NAMED ? [`and ${all.length - MOST_NAMED} more`] : [];
  fail(
    'CHECKPOINT_MISMATCH',
    `Expected the training that ${path} belongs to but received another:\n${[...all.slice(0, MOST_NAMED), ...rest].map((line) => `  ${line}`).join('\n')}`,
  );
}

function differences(before: Texts, now: Texts, none: string): string[] {
  return [...new Set([...Object.keys(before), ...Object.keys(now)])]
    .filter((name) => before[name] !== now[name])
    .map((name) => `${name}: ${before[name] ?? none} before, ${now[name] ?? none} now`);
}

/** Flattens nested options to `method.depth`, with values as text. */
function flat(value: object, prefix = ''): Texts {
  return Object.fromEntries(
    Object.entries(value).flatMap(([key, part]): [string, string][] => {
      const name = `${prefix}${key}`;
      if (part === undefined) return [];
      const isNested = typeof part === 'object' && part !== null && !Array.isArray(part);
      return isNested
        ? Object.entries(flat(part, `${name}.`))
        : [[name, typeof part === 'string' ? part : JSON.stringify(part)]];
    }),
  );
}
