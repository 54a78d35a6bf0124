import { createHash } from 'node:crypto';
import { basename, extname, join } from 'node:path';
import { fail } from '@bigrid/errors';
import type { Mask, PictureEntry } from '@bigrid/inspect';
import { listFolder } from '../pictures/listing.ts';
import { readMask } from '../pictures/pictures.ts';
import { isFolder } from './folders.ts';

/** What to ignore of pictures: `everywhere` alike, or by class. */
export interface IgnoredAreas {
  /** One mask for all, for the bundle to keep; undefined where they differ between classes. */
  readonly everywhere: Mask | undefined;
  /** Tells these areas from others; undefined where nothing is ignored. */
  readonly digest: string | undefined;
  /** Where they differ, the same picture with what to ignore of one of that class. */
  of<Entry extends PictureEntry>(className: string, entry: Entry): Entry;
}

/**
 * Reads what to ignore: a picture that is white where pictures are to be ignored, or a folder with one a class,
 * `CLASS.png`. A class without one is looked at all over, and so are all without a path.
 * @param allNames of classes that there are, each as often as it may be
 * @throws PATH_MISSING, PATH_UNREADABLE, PICTURE_UNREADABLE, PICTURE_TOO_LARGE; OPTION_INVALID when a folder has a
 *   mask for no class, or none at all
 */
export async function openIgnoredAreas(
  path: string | undefined,
  allNames: readonly string[],
): Promise<IgnoredAreas> {
  if (path === undefined) {
    return { everywhere: undefined, digest: undefined, of: (_, entry) => entry };
  }
  const classNames = [...new Set(allNames)];
  if (!(await isFolder(path))) {
    const mask = await readMask(path);
    return { everywhere: mask, digest: digestOf([['', mask]]), of: (_, entry) => entry };
  }
  const { pictures } = await listFolder(path);
  const masks = new Map<string, Mask>();
  for (const name of pictures) {
    const className = basename(name, extname(name));
    if (!classNames.includes(className)) {
      fail(
        'OPTION_INVALID',
        `Expected masks named after the classes (${classNames.join(', ')}) in ${path} but received ${name}`,
      );
    }
    masks.set(className, await readMask(join(path, name)));
  }
  if (masks.size === 0) {
    fail('OPTION_INVALID', `Expected masks named CLASS.png in ${path} but received none`);
  }
  const digest = digestOf(masks);
  if (classNames.length === 1) {
    return { everywhere: masks.get(classNames[0] as string), digest, of: (_, entry) => entry };
  }
  return {
    everywhere: undefined,
    digest,
    of: (className, entry) => ({ ...entry, ignored: masks.get(className) }),
  };
}

function digestOf(masks: Iterable<readonly [className: string, mask: Mask]>): string {
  const hash = createHash('sha256');
  for (const [name, { width, height, data }] of masks) {
    hash.update(JSON.stringify([name, width, height])).update(data);
  }
  return hash.digest('hex');
}
