import { fail } from '@bigrid/errors';
import type { Mask } from '@bigrid/inspect';

/** Run lengths of pixels, column by column, top to bottom: alternately outside and inside, starting outside. */
interface Runs {
  /** Numbers, or a string compressed as {@link decodeCounts} describes. */
  readonly counts: readonly number[] | string;
  /** Height, width. */
  readonly size: readonly [number, number];
}

/** Polygons, `[x0, y0, x1, y1, ...]` in pixels with (0, 0) at the upper left corner of the first pixel; or runs. */
export type Segmentation = readonly (readonly number[])[] | Runs;

/**
 * Draws COCO segmentations into one mask. A pixel is inside a polygon if its centre is, by the even-odd rule; pixels
 * inside any polygon or run are defective.
 *
 * @param width, height of the image, in pixels.
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

/**
 * Decompresses runs; polygons and uncompressed runs are returned unchanged.
 *
 * @param where names the image.
 * @throws DATASET_INVALID if runs differ in size from their image, do not fill it, or cannot be read
 */
export function checkedSegmentation(
  segmentation: Segmentation,
  width: number,
  height: number,
  where: string,
): Segmentation {
  if (!isRuns(segmentation)) return segmentation;
  const { size } = segmentation;
  const [ownHeight, ownWidth] = size;
  if (ownHeight !== height || ownWidth !== width) {
    fail(
      'DATASET_INVALID',
      `Expected runs of the size [${height}, ${width}] for ${where} but received [${ownHeight}, ${ownWidth}]`,
    );
  }
  const counts = countsOf(segmentation, where);
  const sum = counts.reduce((total, count) => total + count, 0);
  if (sum !== width * height) {
    fail(
      'DATASET_INVALID',
      `Expected runs of ${width * height} pixels in all for ${where} but received ${sum}`,
    );
  }
  return { counts, size };
}

function countsOf({ counts }: Runs, where: string): readonly number[] {
  if (typeof counts !== 'string') return counts;
  const decoded = decodeCounts(counts);
  if (decoded) return decoded;
  fail(
    'DATASET_INVALID',
    `Expected compressed runs as pycocotools writes them for ${where} but received ${JSON.stringify(counts.slice(0, 40))}`,
  );
}

/** Most digits of a number: another would not fit a 32-bit integer. */
const mostDigits = 6;

/**
 * Decodes runs that COCO's tools compress into a string. Each number is written in digits of five bits, the lowest
 * first, as characters starting at '0' (48); a sixth bit marks that another digit follows, and the highest bit of the
 * last digit is the sign. From the third run on, each number is the difference from the run two before.
 *
 * @returns undefined if the string holds anything else, or a negative run
 */
export function decodeCounts(text: string): number[] | undefined {
  const counts: number[] = [];
  let [value, digits] = [0, 0];
  for (const character of text) {
    const code = character.charCodeAt(0) - 48;
    if (code < 0 || code > 63 || digits === mostDigits) return undefined;
    value |= (code & 31) << (5 * digits);
    digits++;
    if (code & 32) continue;
    if (code & 16) value |= -1 << (5 * digits);
    const count = value + (counts.length > 2 ? (counts.at(-2) as number) : 0);
    if (count < 0) return undefined;
    counts.push(count);
    [value, digits] = [0, 0];
  }
  return digits === 0 ? counts : undefined;
}

/** The outline of a COCO box: `[left, top, width, height]` in pixels. */
export function boxPolygon([left, top, width, height]: Box): Segmentation {
  const [right, bottom] = [left + width, top + height];
  return [[left, top, right, top, right, bottom, left, bottom]];
}

export type Box = readonly [left: number, top: number, width: number, height: number];

function isRuns(segmentation: Segmentation): segmentation is Runs {
  return 'counts' in segmentation;
}

function drawRuns(data: Uint8Array, runs: Runs): void {
  const [height, width] = runs.size;
  let at = 0;
  for (const [index, count] of countsOf(runs, 'a mask').entries()) {
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
      // Pixels whose centre x + 0.5 lies between the two.
      const first = Math.max(0, Math.ceil((crossings[i] ?? 0) - 0.5));
      const end = Math.min(width, Math.ceil((crossings[i + 1] ?? 0) - 0.5));
      for (let x = first; x < end; x++) data[y * width + x] = 255;
    }
  }
}

/** The x of each crossing of a horizontal line with the edges of a polygon, in ascending order. */
function crossingsAt(polygon: readonly number[], y: number): number[] {
  const crossings: number[] = [];
  for (let i = 0; i < polygon.length; i += 2) {
    const [x0, y0] = [polygon[i] ?? 0, polygon[i + 1] ?? 0];
    const next = (i + 2) % polygon.length;
    const [x1, y1] = [polygon[next] ?? 0, polygon[next + 1] ?? 0];
    // Half-open, so that a corner on the line counts once.
    if (y0 <= y !== y1 <= y) crossings.push(x0 + ((y - y0) / (y1 - y0)) * (x1 - x0));
  }
  return crossings.sort((a, b) => a - b);
}
