import { fail } from '@bigrid/errors';
import { labelComponents } from './connected-components.ts';
import { checkMaximumPoints, thinningStep } from './curves.ts';
import { fallingKey, float32Bits, isNaNBits, radixSort } from './radix-sort.ts';

/** AUPRO integrates up to this false-positive rate, the customary one. */
const falsePositiveRateLimit = 0.3;

/** A point of the per-region overlap curve. */
export interface ProPoint {
  /** Share of the pixels outside all masks at or above the threshold, 0..0.3. */
  readonly falsePositiveRate: number;
  /** Mean over regions of the share of their pixels at or above the threshold, 0..1. */
  readonly overlap: number;
}

export interface AuproOptions {
  /** Pixels in a row of every map and mask. */
  readonly width: number;
  /** Rows of every map and mask. */
  readonly height: number;
  /** The most points of the curve returned, at least 4. */
  readonly maximumPoints: number;
}

export interface Aupro {
  /** In 0..1; NaN where it is undefined. */
  readonly value: number;
  /** From (0, 0) to a false-positive rate of 0.3, thinned for plotting; empty where it is undefined. */
  readonly curve: readonly ProPoint[];
}

const undefinedAupro: Aupro = { value: Number.NaN, curve: [] };

/**
 * Area under the per-region overlap curve (Bergmann et al., "The MVTec Anomaly Detection Dataset", 2021).
 * A threshold t calls every pixel scored at or above it anomalous. With the connected regions C_k of all
 * masks (8 neighbours), the overlap is PRO(t) = mean over k of |C_k at or above t| / |C_k|: a small defect
 * counts as much as a large one. The false-positive rate FPR(t) is over all pixels outside masks, of good
 * pictures too. PRO over FPR, with straight lines between, is integrated from 0 to 0.3 (where a line
 * crosses 0.3 it is cut there) and divided by 0.3.
 *
 * Exact: each distinct score is a threshold, equal scores share one. Time is linear in the pixels; a pixel
 * outside masks takes 8 bytes, one inside 16.
 *
 * @param maps one anomaly map a picture, each width * height, higher is more anomalous
 * @param masks for each map, its mask (width * height bytes, 0 is good), or undefined for a good picture
 * @returns value NaN where there is no region, or no pixel outside, or a score is not a number
 * @throws GRAPH_SHAPE_MISMATCH if lengths do not fit, OPTION_INVALID if `maximumPoints` is out of range
 */
export function aupro(
  maps: readonly Float32Array[],
  masks: readonly (Uint8Array | undefined)[],
  options: AuproOptions,
): Aupro {
  checkMaximumPoints(options.maximumPoints);
  checkLengths(maps, masks, options);
  const pixels = sortPixels(maps, masks, options);
  if (pixels === undefined) return undefinedAupro;
  return integrate(pixels, options.maximumPoints);
}

function checkLengths(
  maps: readonly Float32Array[],
  masks: readonly (Uint8Array | undefined)[],
  { width, height }: AuproOptions,
): void {
  if (masks.length !== maps.length) {
    fail(
      'GRAPH_SHAPE_MISMATCH',
      `Expected ${maps.length} masks for ${maps.length} maps but received ${masks.length}`,
    );
  }
  for (const [index, map] of maps.entries()) {
    const length = map.length === width * height ? masks[index]?.length : map.length;
    if (length !== undefined && length !== width * height) {
      fail(
        'GRAPH_SHAPE_MISMATCH',
        `Expected ${width * height} values for map and mask ${index} of ${width} x ${height} but received ${length}`,
      );
    }
  }
}

/** All pixels by falling score, inside and outside of regions apart. */
interface SortedPixels {
  /** Keys that rise as scores fall, see `fallingKey`. */
  readonly outsideKeys: Uint32Array;
  readonly insideKeys: Uint32Array;
  /** The region of each inside pixel, an index of `weights`. */
  readonly insideRegions: Uint32Array;
  /** For each region, one over its pixels. */
  readonly weights: readonly number[];
}

/** Undefined where AUPRO is. */
function sortPixels(
  maps: readonly Float32Array[],
  masks: readonly (Uint8Array | undefined)[],
  { width, height }: AuproOptions,
): SortedPixels | undefined {
  let insideCount = 0;
  for (const mask of masks) {
    for (let index = 0; mask !== undefined && index < mask.length; index++) {
      if (mask[index] !== 0) insideCount++;
    }
  }
  const outsideCount = maps.length * width * height - insideCount;
  if (insideCount === 0 || outsideCount === 0) return undefined;

  const outside = sortable(outsideCount);
  const inside = sortable(insideCount);
  const regions = sortable(insideCount);
  const weights: number[] = [];
  let outsideAt = 0;
  let insideAt = 0;
  for (const [picture, map] of maps.entries()) {
    const mask = masks[picture];
    const components = mask && labelComponents(mask, width, height);
    const firstRegion = weights.length;
    for (const size of components?.sizes ?? []) weights.push(1 / size);
    const bits = float32Bits(map);
    for (let index = 0; index < bits.length; index++) {
      const score = bits[index] as number;
      if (isNaNBits(score)) return undefined;
      const label = components === undefined ? 0 : (components.labels[index] as number);
      if (label === 0) {
        outside.values[outsideAt++] = fallingKey(score);
      } else {
        inside.values[insideAt] = fallingKey(score);
        regions.values[insideAt++] = firstRegion + label - 1;
      }
    }
  }
  radixSort(outside);
  radixSort(inside, regions);
  return {
    outsideKeys: outside.sorted,
    insideKeys: inside.sorted,
    insideRegions: regions.sorted,
    weights,
  };
}

function sortable(length: number) {
  return { values: new Uint32Array(length), sorted: new Uint32Array(length) };
}

/** Walks down the distinct scores and sums the trapezoids between them, up to the limit. */
function integrate(pixels: SortedPixels, maximumPoints: number): Aupro {
  const { outsideKeys, insideKeys, insideRegions, weights } = pixels;
  const curve: ProPoint[] = [{ falsePositiveRate: 0, overlap: 0 }];
  const step = thinningStep(maximumPoints);
  let kept = 0;
  let area = 0;
  let last: ProPoint = { falsePositiveRate: 0, overlap: 0 };
  let i = 0;
  let j = 0;
  let covered = 0;
  // Kahan's compensation: without it, millions of small weights would not add up to whole regions.
  let compensation = 0;
  while (last.falsePositiveRate < falsePositiveRateLimit) {
    const key = Math.min(insideKeys[i] ?? Infinity, outsideKeys[j] ?? Infinity);
    while (j < outsideKeys.length && outsideKeys[j] === key) j++;
    while (i < insideKeys.length && insideKeys[i] === key) {
      const term = (weights[insideRegions[i] as number] as number) - compensation;
      const sum = covered + term;
      compensation = sum - covered - term;
      covered = sum;
      i++;
    }
    const next = cutAtLimit(last, {
      falsePositiveRate: j / outsideKeys.length,
      overlap: Math.min(1, covered / weights.length),
    });
    area += ((next.falsePositiveRate - last.falsePositiveRate) * (next.overlap + last.overlap)) / 2;
    const travelled = next.falsePositiveRate / falsePositiveRateLimit + next.overlap;
    const isLast = next.falsePositiveRate >= falsePositiveRateLimit;
    if (isLast || travelled - kept >= step) {
      curve.push(next);
      kept = travelled;
    }
    last = next;
  }
  return { value: area / falsePositiveRateLimit, curve };
}

/** The point where the line from `last` to `next` crosses the limit, or `next` if it does not reach it. */
function cutAtLimit(last: ProPoint, next: ProPoint): ProPoint {
  if (next.falsePositiveRate <= falsePositiveRateLimit) return next;
  const share =
    (falsePositiveRateLimit - last.falsePositiveRate) /
    (next.falsePositiveRate - last.falsePositiveRate);
  return {
    falsePositiveRate: falsePositiveRateLimit,
    overlap: last.overlap + share * (next.overlap - last.overlap),
  };
}
