import { createHash } from 'node:crypto';
import { basename, extname, join } from 'node:path';
import { fail } from '@bigrid/errors';
import { type ImageEntry, type Mask, resizeMaskNearest } from '@bigrid/inspect';
import { readMask } from '../images/images.ts';
import { listFolder } from '../images/listing.ts';
import { isFolder } from './folders.ts';

/** What to ignore of images: `everywhere` alike, or by class. */
export interface IgnoredAreas {
  /** One mask for all, for the bundle to keep; undefined where they differ between classes. */
  readonly everywhere: Mask | undefined;
  /** Tells these areas from others; undefined where nothing is ignored. */
  readonly digest: string | undefined;
  /** Where they differ, the same image with what to ignore of one of that class. */
  of<Entry extends ImageEntry>(className: string, entry: Entry): Entry;
}

/** Sides of a map, over which a mask is spread. */
const MAP_SIDE = 256;

/**
 * Reads a mask of what to ignore: an image of any size, white (above 127) there.
 * @throws PATH_MISSING, PATH_UNREADABLE, IMAGE_UNREADABLE, IMAGE_TOO_LARGE; OPTION_INVALID when it ignores nothing,
 *   which is a mask in other colours more often than a wish, or everything
 */
export async function readIgnoredArea(path: string): Promise<Mask> {
  const mask = await readMask(path);
  const spread = resizeMaskNearest(mask, MAP_SIDE, MAP_SIDE);
  if (!spread.includes(1)) {
    const brightest = mask.data.reduce((most, value) => Math.max(most, value), 0);
    const why =
      brightest > 127
        ? `what is white in it is lost when it is brought to ${MAP_SIDE} x ${MAP_SIDE}`
        : brightest > 0
          ? `its brightest value is ${brightest} of 255`
          : 'it is black all over; transparency and palette indices are not looked at';
    fail(
      'OPTION_INVALID',
      `Expected a mask that is white (above 127) where images are to be ignored, at ${path}, but received one that ignores nothing: ${why}`,
      { remedy: 'Save it in grey: white (255) where images are to be ignored, black elsewhere.' },
    );
  }
  if (!spread.includes(0)) {
    const why = mask.data.every((value) => value > 127)
      ? 'is white all over'
      : `leaves nothing when it is brought to ${MAP_SIDE} x ${MAP_SIDE}`;
    fail(
      'OPTION_INVALID',
      `Expected a mask that leaves something to look at, at ${path}, but received one that ${why}`,
      { remedy: 'Make black what images are to be looked at for.' },
    );
  }
  return mask;
}

/**
 * Reads what to ignore: an image that is white where images are to be ignored, or a folder with one a class,
 * `CLASS.png`. A class without one is looked at all over, and so are all without a path.
 * @param allNames of classes that there are, each as often as it may be
 * @throws PATH_MISSING, PATH_UNREADABLE, IMAGE_UNREADABLE, IMAGE_TOO_LARGE; OPTION_INVALID when a folder has a
 *   mask for no class, or none at all, and as {@link readIgnoredArea}
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
    const mask = await readIgnoredArea(path);
    return { everywhere: mask, digest: digestOf([['', mask]]), of: (_, entry) => entry };
  }
  const { images } = await listFolder(path);
  const masks = new Map<string, Mask>();
  for (const name of images) {
    const className = basename(name, extname(name));
    if (!classNames.includes(className)) {
      fail(
        'OPTION_INVALID',
        `Expected masks named after the classes (${classNames.join(', ')}) in ${path} but received ${name}`,
      );
    }
    masks.set(className, await readIgnoredArea(join(path, name)));
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
