import { createHash } from 'node:crypto';
import { basename, extname, join } from 'node:path';
import { fail } from '@bigrid/errors';
import { type ImageEntry, type Mask, resizeMaskNearest } from '@bigrid/inspect';
import { readMask } from '../images/images.ts';
import { listFolder } from '../images/listing.ts';
import { isFolder } from './folders.ts';

/** Areas of images to ignore: the same in all images, or by class. */
export interface IgnoredAreas {
  /** One mask for all images, stored in the bundle; undefined if masks differ by class. */
  readonly everywhere: Mask | undefined;
  /** Hash of the areas; undefined if nothing is ignored. */
  readonly digest: string | undefined;
  /** The entry with the ignored area of its class, if areas differ by class. */
  of<Entry extends ImageEntry>(className: string, entry: Entry): Entry;
}

/** Side of the anomaly map that a mask is resized to. */
const MAP_SIDE = 256;

/**
 * Reads a mask of areas to ignore: an image of any size, white (above 127) where images are ignored.
 * @throws PATH_MISSING, PATH_UNREADABLE, IMAGE_UNREADABLE, IMAGE_TOO_LARGE; OPTION_INVALID if it ignores everything, or
 *   nothing, which is usually a mask in other colours
 */
export async function readIgnoredArea(path: string): Promise<Mask> {
  const mask = await readMask(path);
  const spread = resizeMaskNearest(mask, MAP_SIDE, MAP_SIDE);
  if (!spread.includes(1)) {
    const brightest = mask.data.reduce((most, value) => Math.max(most, value), 0);
    const why =
      brightest > 127
        ? `its white areas vanish when it is resized to ${MAP_SIDE} x ${MAP_SIDE}`
        : brightest > 0
          ? `its brightest value is ${brightest} of 255`
          : 'it is entirely black; transparency and palette indices do not count';
    fail(
      'OPTION_INVALID',
      `Expected a mask that is white (above 127) where images are to be ignored, at ${path}, but received one that ignores nothing: ${why}`,
      { remedy: 'Save it as greyscale: white (255) where images are ignored, black elsewhere.' },
    );
  }
  if (!spread.includes(0)) {
    const why = mask.data.every((value) => value > 127)
      ? 'is entirely white'
      : `leaves nothing when it is resized to ${MAP_SIDE} x ${MAP_SIDE}`;
    fail(
      'OPTION_INVALID',
      `Expected a mask that leaves something to inspect, at ${path}, but received one that ${why}`,
      { remedy: 'Make the areas to inspect black.' },
    );
  }
  return mask;
}

/**
 * Reads the areas to ignore: an image, white where images are ignored, or a folder with one such image per class,
 * `CLASS.png`. Nothing is ignored in a class without one, or without a path.
 * @param allNames class names, which may repeat
 * @throws PATH_MISSING, PATH_UNREADABLE, IMAGE_UNREADABLE, IMAGE_TOO_LARGE; OPTION_INVALID if a folder has no masks, or a
 *   mask that belongs to no class, and as {@link readIgnoredArea}
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
