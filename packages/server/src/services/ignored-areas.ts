import { fail } from '@bigrid/errors';
import type { Mask } from '@bigrid/node';
import { segmentationMask } from '@bigrid/node/internal';
import { z } from 'zod';

const point = z.tuple([z.number().min(-1e6).max(1e6), z.number().min(-1e6).max(1e6)]);
const side = z.int().min(1).max(1_000_000);

/** Areas of a project's images that models ignore. */
export const ignoredAreasSchema = z
  .strictObject({
    width: side.describe('Width of the image that they were drawn on, in pixels'),
    height: side.describe('Its height'),
    polygons: z
      .array(z.array(point).min(3).max(1000))
      .min(1)
      .max(1000)
      .describe('Corners, [x, y], in pixels of that image, from its upper left corner'),
  })
  .meta({ id: 'IgnoredAreas' });

export type IgnoredAreas = z.infer<typeof ignoredAreasSchema>;

/** Longest side of the mask; models ignore areas at 256 x 256. */
const MASK_SIDE = 1024;

/**
 * Draws the areas into a mask, at most 1024 pixels per side, white where images are ignored.
 * @throws REQUEST_INVALID if they ignore nothing or everything
 */
export function maskOf({ width, height, polygons }: IgnoredAreas): Mask {
  const scale = Math.min(1, MASK_SIDE / Math.max(width, height));
  const scaled = polygons.map((corners) => corners.flat().map((value) => value * scale));
  const size = [width, height].map((length) => Math.max(1, Math.round(length * scale)));
  const mask = segmentationMask([scaled], size[0] as number, size[1] as number);
  if (!mask.data.includes(255) || !mask.data.includes(0)) {
    const what = mask.data.includes(255) ? 'everything' : 'nothing';
    fail(
      'REQUEST_INVALID',
      `Expected areas that ignore part of the image but received some that ignore ${what}`,
      { remedy: 'Give corners in pixels of the image, which lie inside it.' },
    );
  }
  return mask;
}
