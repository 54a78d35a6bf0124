import { fail } from '@bigrid/errors';
import type { Mask } from '@bigrid/inspect';

/** Runs of pixels, column by column, top to bottom: first those outside, then those inside, and so on. */
interface Runs {
  /** Numbers, or all of them in one string, compressed as {@link decodeCounts} says. */
  readonly counts: readonly number[] | string;
  /** Height, width. */
  readonly size: readonly [number, number];
}

/** Polygons as `[x0, y0, x1, y1, ...]` in pixels, (0, 0) being the upper left corner of the first pixel; or runs. */
export type Segmentation = readonly (readonly number[])[] | Runs;

/**
 * Draws segmentations of COCO into one mask. A pixel is inside a polygon when its middle is, by the even-odd rule;
 * what is inside of any polygon or run is defect.
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
 * Writes compressed runs out; polygons and runs of numbers stay as they are.
 *
 * @param where names the image.
 * @throws DATASET_INVALID when runs are of another size than their image, do not fill it, or cannot be read.
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

/** More digits than any run of an image has; the next would not fit a whole number of 32 bits. */
const mostDigits = 6;

/**
 * Reads the runs that COCO's own tools compress into a string. Each number is written in digits of five bits, the
 * lowest first, each a character from '0' (48) on; a sixth bit says that another digit follows, and the highest bit of
 * the last one is the sign. From the third run on, what is written is the difference to the run before the last.
 *
 * @returns undefined where the string holds anything else, or a run below 0.
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

/** The outline of a box of COCO: `[left, top, width, height]` in pixels. */
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
