import { fail } from '@bigrid/errors';
import type { Mask } from '../ports.ts';

/** A mask pixel above it is defective. Above 0 would include the grey edges of masks saved as JPEG or resized. */
const defectAbove = 127;

/**
 * Resizes a ground-truth mask to the evaluation resolution by nearest neighbour, then makes it binary: a
 * target pixel takes the source pixel under its centre, floor((x + 0.5) * source / target), and is 1 if
 * that is above 127. The pixels chosen are those of Pillow's `Image.resize(size, Image.NEAREST)`.
 *
 * @param width pixels in a row of the result, at least 1
 * @param height rows of the result, at least 1
 * @returns width * height bytes of 0 or 1, row by row
 * @throws OPTION_INVALID if the width or height is not an integer of at least 1,
 *   GRAPH_SHAPE_MISMATCH if the mask's data does not match its size
 */
export function resizeMaskNearest(mask: Mask, width: number, height: number): Uint8Array {
  for (const [name, value] of Object.entries({ width, height })) {
    if (!Number.isInteger(value) || value < 1) {
      fail('OPTION_INVALID', `Expected an integer of at least 1 for ${name} but received ${value}`);
    }
  }
  if (mask.data.length !== mask.width * mask.height) {
    fail(
      'GRAPH_SHAPE_MISMATCH',
      `Expected ${mask.width * mask.height} bytes for a mask of ${mask.width} x ${mask.height} but received ${mask.data.length}`,
    );
  }
  const columns = nearestIndices(mask.width, width);
  const rows = nearestIndices(mask.height, height);
  const resized = new Uint8Array(width * height);
  for (let y = 0; y < height; y++) {
    const row = (rows[y] as number) * mask.width;
    for (let x = 0; x < width; x++) {
      const value = mask.data[row + (columns[x] as number)] as number;
      resized[y * width + x] = value > defectAbove ? 1 : 0;
    }
  }
  return resized;
}

/**
 * The source index for each target index. Pillow accumulates the scale instead of multiplying by it, and the
 * rounding matters where a centre falls on the border of two pixels, so this accumulates too.
 */
function nearestIndices(source: number, target: number): Uint32Array {
  const indices = new Uint32Array(target);
  const scale = source / target;
  let centre = scale * 0.5;
  for (let index = 0; index < target; index++) {
    indices[index] = Math.floor(centre);
    centre += scale;
  }
  return indices;
}
