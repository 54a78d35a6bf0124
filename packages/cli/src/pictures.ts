import { realpath } from 'node:fs/promises';
import { basename, extname, join, relative, resolve, sep } from 'node:path';
import { fail } from '@bigrid/errors';

/** A picture to inspect. */
export interface NamedPicture {
  readonly path: string;
  /** Relative to the folder that was given, with that folder's name where there are several; the bare name of a file that was given. */
  readonly relativePath: string;
}

/**
 * The pictures at the paths given, in order. Results of an earlier run in a folder `out` below one of them are
 * no pictures to inspect.
 * @throws PATH_MISSING, PATH_UNREADABLE, DATA_EMPTY; OPTION_INVALID when `out` is one of the folders
 */
export async function findPictures(
  paths: readonly string[],
  out: string | undefined,
): Promise<NamedPicture[]> {
  const { listPictures } = await import('@bigrid/node');
  const pictures: NamedPicture[] = [];
  for (const given of paths) {
    if (out !== undefined && resolve(out) === resolve(given)) {
      fail(
        'OPTION_INVALID',
        `Expected a folder for --out other than the one inspected but received ${out} for both`,
      );
    }
    const lead = paths.length > 1 ? basename(resolve(given)) : '';
    const results = out !== undefined && isInside(out, given) ? out : undefined;
    for (const path of await listPictures(given)) {
      if (path === given) pictures.push({ path, relativePath: basename(path) });
      else if (results === undefined || !isInside(path, results)) {
        pictures.push({ path, relativePath: join(lead, relative(given, path)) });
      }
    }
  }
  if (pictures.length === 0) {
    fail(
      'DATA_EMPTY',
      `Expected pictures in ${paths.join(', ')} but received results in ${out} alone`,
    );
  }
  return pictures;
}

function isInside(path: string, folder: string): boolean {
  return resolve(path).startsWith(resolve(folder) + sep);
}

/**
 * A PNG in `out` for each picture, at its relative path. Where two would get the same name, on any file system,
 * or where a picture to inspect lies there, a number is added.
 */
export async function resultFiles(
  pictures: readonly NamedPicture[],
  out: string,
): Promise<string[]> {
  const inputs = new Set(await Promise.all(pictures.map(({ path }) => realPath(path))));
  const taken = new Set<string>();
  const files: string[] = [];
  for (const { relativePath } of pictures) {
    const stem = relativePath.slice(0, relativePath.length - extname(relativePath).length);
    let file = join(out, `${stem}.png`);
    for (
      let number = 2;
      taken.has(file.toLowerCase()) || inputs.has(await realPath(file));
      number++
    ) {
      file = join(out, `${stem}-${number}.png`);
    }
    taken.add(file.toLowerCase());
    files.push(file);
  }
  return files;
}

async function realPath(path: string): Promise<string> {
  return realpath(path).catch(() => resolve(path));
}
