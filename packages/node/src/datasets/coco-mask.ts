import { fail } from '@bigrid/errors';
import type { Mask } from '@bigrid/inspect';

/** Runs of pixels, column by column, top to bottom: first those outside, then those inside, and so on. */
interface Runs {
  readonly counts: readonly number[];
  /** Height, width. */
  readonly size: readonly [number, number];
}

/** Polygons as `[x0, y0, x1, y1, ...]` in pixels, (0, 0) being the upper left corner of the first pixel; or runs. */
export type Segmentation = readonly (readonly number[])[] | Runs;

/**
 * Draws segmentations of COCO into one mask. A pixel is inside a polygon when its middle is, by the even-odd rule;
 * what is inside of any polygon or run is defect.
 *
 * @param width, height of the picture, in pixels.
 */
export function segmentationMask(
  segmentations: readonly Segmentation[],
  width: number,
  height: number,
): Mask {
  const data = new Uint8Array(width * height);
  for (const segmentation of segmentations) {
    if (isRuns(segmentation)) drawRuns(data, segmentation);
    else for (const polygon of segmentation) drawPolygon(data, polygon, width, height);
  }
  return { width, height, data };
}

/** @throws DATASET_INVALID when runs are of another size than their picture, or do not fill it. */
export function assertRuns(
  segmentation: Segmentation,
  width: number,
  height: number,
  where: string,
): void {
  if (!isRuns(segmentation)) return;
  const [ownHeight, ownWidth] = segmentation.size;
  if (ownHeight !== height || ownWidth !== width) {
    fail(
      'DATASET_INVALID',
      `Expected runs of the size [${height}, ${width}] for ${where} but received [${ownHeight}, ${ownWidth}]`,
    );
  }
  const sum = segmentation.counts.reduce((total, count) => total + count, 0);
  if (sum !== width * height) {
    fail(
      'DATASET_INVALID',
      `Expected runs of ${width * height} pixels in all for ${where} but received ${sum}`,
    );
  }
}

function isRuns(segmentation: Segmentation): segmentation is Runs {
  return 'counts' in segmentation;
}

function drawRuns(data: Uint8Array, { counts, size: [height, width] }: Runs): void {
  let at = 0;
  for (const [index, count] of counts.entries()) {
    for (let i = at; index % 2 === 1 && i < at + count; i++) {
      data[(i % height) * width + Math.floor(i / height)] = 255;
    }
    at += count;
  }
}

function drawPolygon(
  data: Uint8Array,
  polygon: readonly number[],
  width: number,
  height: number,
): void {
  for (let y = 0; y < height; y++) {
    const crossings = crossingsAt(polygon, y + 0.5);
    for (let i = 0; i + 1 < crossings.length; i += 2) {
      // Pixels whose middle x + 0.5 lies between the two.
      const first = Math.max(0, Math.ceil((crossings[i] ?? 0) - 0.5));
      const end = Math.min(width, Math.ceil((crossings[i + 1] ?? 0) - 0.5));
      for (let x = first; x < end; x++) data[y * width + x] = 255;
    }
  }
}

/** Where a horizontal line crosses the edges of a polygon, from left to right. */
function crossingsAt(polygon: readonly number[], y: number): number[] {
  const crossings: number[] = [];
  for (let i = 0; i < polygon.length; i += 2) {
    const [x0, y0] = [polygon[i] ?? 0, polygon[i + 1] ?? 0];
    const next = (i + 2) % polygon.length;
    const [x1, y1] = [polygon[next] ?? 0, polygon[next + 1] ?? 0];
    // Half open, so that a corner on the line counts once.
    if (y0 <= y !== y1 <= y) crossings.push(x0 + ((y - y0) / (y1 - y0)) * (x1 - x0));
  }
  return crossings.sort((a, b) => a - b);
}
