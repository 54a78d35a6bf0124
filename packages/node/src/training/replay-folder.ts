import { basename, dirname, join, resolve } from 'node:path';
import { fail, isBigridError } from '@bigrid/errors';
import type { Image, ImageEntry, KeepReplay, Replay } from '@bigrid/inspect';
import { listImages } from '../datasets/folders.ts';
import { failToWrite, followLinks, readBytes, statOrUndefined } from '../files/files.ts';
import { mkdir, readFolder, rename, rm, writeFile } from '../files/system.ts';
import { temporaryPath } from '../files/temporary.ts';
import { encodeLossless, imageEntry } from '../images/images.ts';
import { REPLAY_ENDING } from '../images/listing.ts';

/** Folders of the two kinds of images. */
const parts = { learnt: 'learnt', heldOut: 'held-out' } as const;
const KEPT_ENDING = '.webp';
/** Says which model learnt them: its file may be renamed or copied, calibrated and exported to others. */
const MODEL_FILE = 'model.txt';

/** Where good images are kept for updates of the bundle in a file: `part.replay` beside `part.onnx`. */
export async function replayPath(file: string): Promise<string> {
  return `${(await followLinks(file)).replace(/\.onnx$/i, '')}${REPLAY_ENDING}`;
}

/**
 * The images that the training of a model kept, found beside its file by the model's id, whatever the folder's name.
 * @param file of the bundle
 * @param modelId from {@link modelIdOf}
 * @param named folder to take instead, whatever model it is of
 * @throws REPLAY_MISSING where there are none of a kind
 */
export async function readReplay(file: string, modelId: string, named?: string): Promise<Replay> {
  const path = named ?? (await findReplay(file, modelId));
  return {
    learnt: await imagesIn(join(path, parts.learnt)),
    heldOut: await imagesIn(join(path, parts.heldOut)),
  };
}

async function findReplay(file: string, modelId: string): Promise<string> {
  const own = await replayPath(file);
  const ownId = await modelIdIn(own);
  if (ownId === modelId) return own;
  for (const folder of new Set([dirname(own), dirname(resolve(file))])) {
    for (const other of await replaysIn(folder)) {
      if ((await modelIdIn(other)) === modelId) return other;
    }
  }
  return fail(
    'REPLAY_MISSING',
    `Expected good images that training kept with ${file} but received ${ownId === undefined ? 'none' : 'those of another model'} in ${own}`,
  );
}

async function replaysIn(folder: string): Promise<string[]> {
  const entries = await readFolder(folder).catch(() => []);
  const names = entries.map(({ name }) => name).filter((name) => name.endsWith(REPLAY_ENDING));
  return names.sort().map((name) => join(folder, name));
}

/** Which model a folder of kept images is of; undefined where it does not say. */
async function modelIdIn(path: string): Promise<string | undefined> {
  const bytes = await readBytes(join(path, MODEL_FILE)).catch(() => undefined);
  return bytes && new TextDecoder().decode(bytes).trim();
}

async function imagesIn(folder: string): Promise<ImageEntry[]> {
  try {
    return (await listImages(folder)).map((path) => {
      const readKept = path.endsWith(KEPT_ENDING) ? () => readBytes(path) : undefined;
      return { ...imageEntry(path), readKept };
    });
  } catch (cause) {
    if (!isBigridError(cause, 'PATH_MISSING') && !isBigridError(cause, 'DATA_EMPTY')) throw cause;
    return fail(
      'REPLAY_MISSING',
      `Expected good images that training kept in ${folder} but received none`,
      { cause },
    );
  }
}

/**
 * Keeps images for updates of a bundle that is to be written to `out`; nowhere, where that is a device or a pipe.
 * They lie aside until all are there, and then take the place of those of before; without any, these go all the same,
 * for they are of another training.
 * @param most images to keep
 * @param aside folder for them meanwhile, on the same disk. Default: that of the file
 * @throws OUTPUT_UNWRITABLE where something else is in that place
 */
export async function openReplay(
  out: string,
  most: number,
  aside?: string,
): Promise<ReplayFolder | undefined> {
  const present = await statOrUndefined(out);
  if (present !== undefined && !present.isFile()) return undefined;
  const path = await replayPath(out);
  await assertReplaceable(path);
  const temporary = await temporaryPath(aside ?? dirname(path), basename(path));
  return new ReplayFolder(path, temporary, most);
}

class ReplayFolder implements KeepReplay {
  readonly most: number;
  readonly #path: string;
  readonly #aside: string;

  constructor(path: string, aside: string, most: number) {
    this.most = most;
    this.#path = path;
    this.#aside = aside;
  }

  async keep(part: keyof Replay, index: number, image: Image | Uint8Array): Promise<void> {
    const number = String(index + 1).padStart(4, '0');
    const folder = join(this.#aside, parts[part]);
    try {
      await mkdir(folder, { recursive: true });
      const file = image instanceof Uint8Array ? image : await encodeLossless(image);
      await writeFile(join(folder, number + KEPT_ENDING), file);
    } catch (error) {
      failToWrite(this.#path, error);
    }
  }

  /** Puts what was kept in its place. @param modelId of the model that learnt it */
  async commit(modelId: string): Promise<void> {
    const before = `${this.#aside}.before`;
    try {
      const isKept = (await statOrUndefined(this.#aside)) !== undefined;
      if (isKept) await writeFile(join(this.#aside, MODEL_FILE), `${modelId}\n`);
      const isThere = (await statOrUndefined(this.#path)) !== undefined;
      if (isThere) await rename(this.#path, before);
      if (isKept) {
        await rename(this.#aside, this.#path).catch(async (error: unknown) => {
          if (isThere) await rename(before, this.#path);
          throw error;
        });
      }
      await rm(before, { recursive: true, force: true });
    } catch (error) {
      failToWrite(this.#path, error);
    }
  }

  /** Removes what is not in its place. Does not fail, for nothing may hide what went wrong before. */
  async discard(): Promise<void> {
    await rm(this.#aside, { recursive: true, force: true }).catch(() => {});
  }
}

/** Nothing of somebody else's is to go with the images of before. */
async function assertReplaceable(path: string): Promise<void> {
  let names: string[];
  try {
    if ((await statOrUndefined(path)) === undefined) return;
    names = (await readFolder(path)).map(({ name }) => name);
  } catch (error) {
    return failToWrite(path, error);
  }
  const known: readonly string[] = [...Object.values(parts), MODEL_FILE];
  const other = names.find((name) => !name.startsWith('.') && !known.includes(name));
  if (other === undefined) return;
  fail(
    'OUTPUT_UNWRITABLE',
    `Expected nothing but kept images in ${path}, which new ones are to replace, but received ${other}`,
    { remedy: 'Move that elsewhere, or name another file as `out`.' },
  );
}
