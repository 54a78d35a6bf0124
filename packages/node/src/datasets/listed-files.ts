import { dirname, isAbsolute, join, relative, resolve, sep, win32 } from 'node:path';
import { fail } from '@bigrid/errors';
import { stat } from '../files/system.ts';

/** A listed file, and the folder that its name is relative to. */
export interface FoundFile {
  readonly folder: string;
  readonly path: string;
}

/**
 * Finds a listed file in the first of several folders that has it. A name with backslashes, as written on Windows, is
 * tried unchanged, with slashes, and by its last part only: Label Studio writes where it stores an image itself
 * (`..\\..\\label-studio\\media\\upload\\4\\1.png`), not where it exports it to.
 *
 * @param root as for {@link assertListed}: files outside it are not found
 */
export async function findListed(
  name: string,
  folders: readonly string[],
  root: string,
): Promise<FoundFile | undefined> {
  const names = name.includes('\\')
    ? [name, name.replaceAll('\\', '/'), win32.basename(name)]
    : [name];
  for (const variant of names) {
    for (const folder of folders) {
      const path = isAbsolute(variant) ? variant : join(folder, variant);
      if (isInside(path, root) && (await isPresent(path))) return { folder, path };
    }
  }
  return undefined;
}

export function isInside(path: string, root: string): boolean {
  const inside = relative(resolve(root), resolve(path));
  return inside.split(sep)[0] !== '..' && !isAbsolute(inside);
}

/**
 * Makes sure that a listed image or mask exists and is inside `root`, so that a list cannot make Bigrid read other files
 * of this machine.
 *
 * @param where where it is listed, such as `line 3 of train.manifest`
 * @param root the folder, such as {@link rootOf} the list.
 * @throws DATASET_INVALID
 */
export async function assertListed(path: string, root: string, where: string): Promise<void> {
  if (!isInside(path, root)) {
    fail(
      'DATASET_INVALID',
      `Expected a file in ${root}, or below it, for ${where} but received ${path}`,
    );
  }
  if (!(await isPresent(path))) {
    fail('DATASET_INVALID', `Expected the file of ${where} at ${path} but received nothing`);
  }
}

/**
 * The folder that listed files must be in: the parent of the list's folder, because lists are often in a folder next to
 * the images; the list's own folder if the parent is the root of a drive.
 */
export function rootOf(list: string): string {
  const own = dirname(resolve(list));
  const above = dirname(own);
  return above === dirname(above) ? own : above;
}

export async function isPresent(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}
