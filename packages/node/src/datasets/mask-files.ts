import { fail } from '@bigrid/errors';
import type { Mask } from '@bigrid/inspect';
import { readImage } from '../images/images.ts';

/**
 * Reads masks whose values are defect numbers, and merges them: a pixel that is not black in any of them is defective.
 * The masks of VisA are like this, and those of MVTec LOCO AD, which has one mask per defect of an image.
 *
 * @throws PATH_MISSING, PATH_UNREADABLE, IMAGE_UNREADABLE, IMAGE_TOO_LARGE; MASK_MISMATCH if their sizes differ
 */
export async function readLabelMasks(paths: readonly string[]): Promise<Mask> {
  let merged: Mask | undefined;
  for (const path of paths) {
    const mask = await readMaskExcept(path, [0, 0, 0]);
    merged ??= mask;
    if (mask.width !== merged.width || mask.height !== merged.height) {
      fail(
        'MASK_MISMATCH',
        `Expected a mask of ${merged.width} x ${merged.height}, like the others of its image, at ${path} but received ${mask.width} x ${mask.height}`,
      );
    }
    for (let i = 0; i < mask.data.length; i++) if (mask.data[i] === 255) merged.data[i] = 255;
  }
  return merged ?? fail('MASK_MISMATCH', 'Expected at least one mask but received none');
}

/**
 * Reads a colour mask: every pixel that does not have the background colour is defective.
 *
 * @param background 8-bit RGB.
 * @throws PATH_MISSING, PATH_UNREADABLE, IMAGE_UNREADABLE, IMAGE_TOO_LARGE
 */
export async function readMaskExcept(
  path: string,
  [red, green, blue]: readonly [number, number, number],
): Promise<Mask> {
  const { width, height, data } = await readImage(path);
  const mask = new Uint8Array(width * height);
  for (let i = 0; i < mask.length; i++) {
    const isBackground =
      data[i * 3] === red && data[i * 3 + 1] === green && data[i * 3 + 2] === blue;
    mask[i] = isBackground ? 0 : 255;
  }
  return { width, height, data: mask };
}
