import { dirname, isAbsolute, join, relative, resolve, sep, win32 } from 'node:path';
import { fail } from '@bigrid/errors';
import { stat } from '../files/system.ts';

/** A file that a list names, and the folder that its name is relative to. */
export interface FoundFile {
  readonly folder: string;
  readonly path: string;
}

/**
 * Finds a file that a list names, in the first of several folders in which it is there. A name with backslashes, as
 * tools on Windows write them, is tried as it is, with slashes, and by its last part alone: Label Studio writes where
 * it keeps an image itself (`..\\..\\label-studio\\media\\upload\\4\\1.png`), not where it exports it to.
 *
 * @param root as for {@link assertListed}: what is there, but outside, is not found.
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
 * Makes sure that an image or mask that a list names is there, and in a folder where lists may name any: who made a list
 * is not to choose what else of this machine is read.
 *
 * @param where the line or the item that names it, such as `line 3 of train.manifest`.
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
 * The folder that the files of a list have to be in: the one above that of the list, for lists often lie in a folder of
 * their own beside the images; its own folder, where the one above is the top of a drive.
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
