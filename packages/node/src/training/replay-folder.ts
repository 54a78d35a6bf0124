import { basename, dirname, join, resolve } from 'node:path';
import { fail, isBigridError } from '@bigrid/errors';
import type { Image, ImageEntry, KeepReplay, Replay } from '@bigrid/inspect';
import { listImages } from '../datasets/folders.ts';
import { failToWrite, followLinks, readBytes, statOrUndefined } from '../files/files.ts';
import { mkdir, readFolder, rename, rm, writeFile } from '../files/system.ts';
import { temporaryPath } from '../files/temporary.ts';
import { encodeLossless, imageEntry } from '../images/images.ts';
import { REPLAY_ENDING } from '../images/listing.ts';

/** Subfolders of images trained on and images held out. */
const parts = { learnt: 'learnt', heldOut: 'held-out' } as const;
const KEPT_ENDING = '.webp';
/** Holds the id of the model: its file may be renamed, copied, recalibrated or exported. */
const MODEL_FILE = 'model.txt';

/** The folder of good images kept for updates of a model file: `part.replay` next to `part.onnx`. */
export async function replayPath(file: string): Promise<string> {
  return `${(await followLinks(file)).replace(/\.onnx$/i, '')}${REPLAY_ENDING}`;
}

/**
 * The images that the training of a model kept, found next to its file by the model's id, whatever the folder's name.
 * @param file path of the model file
 * @param modelId from {@link modelIdOf}
 * @param named folder to use instead, whatever model it belongs to
 * @throws REPLAY_MISSING if either kind of images is missing
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

/** The id of the model that a folder of kept images belongs to; undefined if it has none. */
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
 * Keeps images for updates of a model that will be written to `out`; undefined if that is a device or a pipe. They are
 * written to a temporary folder, which replaces the previous one when complete. If no images are kept, the previous ones
 * are still removed, because they belong to another training.
 * @param most maximum number of images
 * @param aside folder for the temporary one, on the same disk. Default: the folder of the file
 * @throws OUTPUT_UNWRITABLE if the folder contains other files
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

  /** Moves the kept images to their final folder. @param modelId of the model trained on them */
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

  /** Removes the temporary folder. Does not throw, so that it cannot hide an earlier error. */
  async discard(): Promise<void> {
    await rm(this.#aside, { recursive: true, force: true }).catch(() => {});
  }
}

/** Makes sure that replacing the folder deletes only kept images. */
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
    `Expected only kept images in ${path}, which will be replaced, but received ${other}`,
    { remedy: 'Move that elsewhere, or name another file as `out`.' },
  );
}
