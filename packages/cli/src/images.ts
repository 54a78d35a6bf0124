import { realpath } from 'node:fs/promises';
import { basename, extname, join, relative, resolve, sep } from 'node:path';
import { addAbortSignal } from 'node:stream';
import { fail, isBigridError } from '@bigrid/errors';
import { type ImageEntry, imageEntry, listImages } from '@bigrid/node';
import { decodeName, imagesOfStream, isPiped, systemPath } from '@bigrid/node/internal';

/** An image to inspect. */
export interface NamedImage extends ImageEntry {
  /** Relative to the folder that was given, with that folder's name if there are several; the bare name of a given file. */
  readonly relativePath: string;
}

/**
 * The images at the given paths, in order. Results of an earlier run, in a folder `out` below one of them, are
 * skipped.
 * @throws PATH_MISSING, PATH_UNREADABLE, DATA_EMPTY; OPTION_INVALID if `out` is one of the folders
 */
export async function findImages(
  paths: readonly string[],
  out: string | undefined,
): Promise<NamedImage[]> {
  const images: NamedImage[] = [];
  for (const given of paths) {
    if (out !== undefined && resolve(out) === resolve(given)) {
      fail(
        'OPTION_INVALID',
        `Expected a folder for --out other than the inspected one but received ${out} for both`,
      );
    }
    const lead = paths.length > 1 ? basename(resolve(given)) : '';
    const results = out !== undefined && isInside(out, given) ? out : undefined;
    for (const path of await listImages(given)) {
      if (path !== given && results !== undefined && isInside(path, results)) continue;
      // A file is one image, or several pages: `scan.tif`, `scan.tif#2`.
      const isFile = path === given || path.startsWith(`${given}#`);
      const relativePath = isFile ? basename(path) : join(lead, relative(given, path));
      images.push({ ...imageEntry(path), relativePath });
    }
  }
  if (images.length === 0) {
    fail(
      'DATA_EMPTY',
      `Expected images in ${paths.join(', ')} but received only results in ${out}`,
    );
  }
  return images;
}

/** Given instead of a path to read from standard input. */
export const STANDARD_INPUT = '-';

/**
 * The images that standard input names, each as soon as its path is read, or those that it contains: `-`, `-#2` for a page.
 * @throws INPUT_INVALID, CANCELLED
 */
export async function* imagesOnInput(signal: AbortSignal): AsyncGenerator<NamedImage> {
  try {
    const input = addAbortSignal(signal, process.stdin);
    for await (const image of imagesOfStream(input, STANDARD_INPUT)) {
      const relativePath = isPiped(image.path) ? 'image' : basename(image.path);
      yield { ...image, relativePath };
    }
  } catch (cause) {
    if (isBigridError(cause)) throw cause;
    if (signal.aborted) fail('CANCELLED', 'Reading standard input was stopped', { cause });
    fail('INPUT_INVALID', `Expected to read standard input but received: ${cause}`, { cause });
  }
}

function isInside(path: string, folder: string): boolean {
  return resolve(path).startsWith(resolve(folder) + sep);
}

/**
 * Names a file in `out` for each image, at its relative path. A number is added if two names would be the same on some
 * file system, or if an image to inspect has that path.
 */
export class ResultFiles {
  readonly #out: string;
  readonly #extension: string;
  readonly #inputs: ReadonlySet<string>;
  readonly #taken = new Set<string>();

  private constructor(out: string, extension: string, inputs: ReadonlySet<string>) {
    this.#out = out;
    this.#extension = extension;
    this.#inputs = inputs;
  }

  /**
   * @param images those known to be inspected
   * @param extension of the files, including the dot
   */
  static async in(
    out: string,
    images: readonly ImageEntry[],
    extension = '.png',
  ): Promise<ResultFiles> {
    const inputs = new Set(await Promise.all(images.map(({ path }) => realPath(path))));
    return new ResultFiles(out, extension, inputs);
  }

  async fileFor({
    path,
    relativePath,
  }: Pick<NamedImage, 'path' | 'relativePath'>): Promise<string> {
    const stem = relativePath.slice(0, relativePath.length - extname(relativePath).length);
    const own = await realPath(path);
    for (let number = 1; ; number++) {
      const file = join(this.#out, `${stem}${number === 1 ? '' : `-${number}`}${this.#extension}`);
      const real = await realPath(file);
      if (this.#taken.has(file.toLowerCase()) || this.#inputs.has(real) || real === own) continue;
      this.#taken.add(file.toLowerCase());
      return file;
    }
  }
}

/** A path with its links resolved; unchanged if nothing is there. */
export async function realPath(path: string): Promise<string> {
  return realpath(systemPath(path), 'buffer').then(decodeName, () => resolve(path));
}
