import { fail } from '@bigrid/errors';
import { labelComponents } from './connected-components.ts';
import type { Ranking } from './ranking.ts';

/**
 * The pixels of one image, or of several, counted by their map value. A map takes 256 kB, its counts about 15 kB,
 * and counts can be added: pixel metrics of any set of images, including resamples, need no maps.
 *
 * A bin holds the values that agree in sign, exponent and the first eight bits of the mantissa: it is 0.2 to 0.4 % of
 * its values wide, whatever their unit. On the maps of a real product, pixel metrics from counts differed by less
 * than 0.00003 from those over every distinct value.
 */
export interface PixelCounts {
  /** The bin of the first element of the arrays; bins are in descending order of value. */
  readonly firstBin: number;
  /** Pixels outside masks in each bin. */
  readonly outside: Uint32Array | Float64Array;
  /** Pixels inside masks in each bin; empty if there is no mask. */
  readonly inside: Uint32Array | Float64Array;
  /** The share of each region that is in each bin, summed over regions; as long as `inside`. */
  readonly overlap: Float64Array;
  /** Connected regions of the masks. */
  readonly regions: number;
  /** Whether no value was NaN: metrics are undefined otherwise. */
  readonly isDefined: boolean;
}

const bitsLeftOut = 15;
const negativeZero = 0x80000000;
const infinityBits = 0x7f800000;
const none = new Float64Array(0);
const nothing: PixelCounts = {
  firstBin: 0,
  outside: none,
  inside: none,
  overlap: none,
  regions: 0,
  isDefined: true,
};

/**
 * Counts the pixels of one map.
 *
 * @param map width * height values, higher is more anomalous
 * @param mask width * height bytes, 0 is good; undefined for a good image
 * @throws GRAPH_SHAPE_MISMATCH if a length does not match
 */
export function countPixels(
  map: Float32Array,
  mask: Uint8Array | undefined,
  width: number,
  height: number,
): PixelCounts {
  for (const { length } of [map, mask ?? map]) {
    if (length === width * height) continue;
    fail(
      'GRAPH_SHAPE_MISMATCH',
      `Expected ${width * height} values for map and mask of ${width} x ${height} but received ${length}`,
    );
  }
  const bits = new Uint32Array(map.buffer, map.byteOffset, map.length);
  let [firstBin, lastBin] = [Number.POSITIVE_INFINITY, -1];
  for (let index = 0; index < bits.length; index++) {
    const value = bits[index] as number;
    if ((value & 0x7fffffff) > infinityBits) return { ...nothing, isDefined: false };
    const bin = fallingBin(value);
    if (bin < firstBin) firstBin = bin;
    if (bin > lastBin) lastBin = bin;
  }
  const length = Math.max(0, lastBin - firstBin + 1);
  const outside = new Uint32Array(length);
  if (!mask?.some((value) => value !== 0)) {
    for (let index = 0; index < bits.length; index++) {
      increase(outside, fallingBin(bits[index] as number) - firstBin, 1);
    }
    return { ...nothing, firstBin, outside };
  }
  const { labels, sizes, count } = labelComponents(mask, width, height);
  const inside = new Uint32Array(length);
  const overlap = new Float64Array(length);
  for (let index = 0; index < bits.length; index++) {
    const place = fallingBin(bits[index] as number) - firstBin;
    const label = labels[index] as number;
    if (label === 0) {
      increase(outside, place, 1);
    } else {
      increase(inside, place, 1);
      increase(overlap, place, 1 / (sizes[label - 1] as number));
    }
  }
  return { firstBin, outside, inside, overlap, regions: count, isDefined: true };
}

/**
 * The bin of a float32. A non-negative float rises with its bits, a negative one falls with them and has the sign bit
 * set: flipping the 31 lower bits of non-negative ones puts all in one descending order.
 */
function fallingBin(bits: number): number {
  if (bits >>> 31 === 0 || bits === negativeZero) {
    return ((bits & 0x7fffffff) ^ 0x7fffffff) >>> bitsLeftOut;
  }
  return bits >>> bitsLeftOut;
}

/** The lowest value of a bin. */
function lowestOf(bin: number): number {
  const key = ((bin << bitsLeftOut) | ((1 << bitsLeftOut) - 1)) >>> 0;
  const bits = key >>> 31 === 1 ? key : key ^ 0x7fffffff;
  return new Float32Array(Uint32Array.of(bits).buffer)[0] as number;
}

function increase(counts: Uint32Array | Float64Array, index: number, by: number): void {
  counts[index] = (counts[index] as number) + by;
}

/** Sums counts, each multiplied by its entry in `times`. Default: 1 each. */
export function sumPixels(all: readonly PixelCounts[], times?: ArrayLike<number>): PixelCounts {
  let [firstBin, end] = [Number.POSITIVE_INFINITY, 0];
  for (const counts of all) {
    if (!counts.isDefined) return { ...nothing, isDefined: false };
    firstBin = Math.min(firstBin, counts.firstBin);
    end = Math.max(end, counts.firstBin + counts.outside.length);
  }
  const length = Math.max(0, end - firstBin);
  const sum = {
    outside: new Float64Array(length),
    inside: new Float64Array(length),
    overlap: new Float64Array(length),
  };
  let regions = 0;
  for (const [index, counts] of all.entries()) {
    const weight = times?.[index] ?? 1;
    if (weight === 0) continue;
    const shift = counts.firstBin - firstBin;
    addTimes(sum.outside, counts.outside, shift, weight);
    addTimes(sum.inside, counts.inside, shift, weight);
    addTimes(sum.overlap, counts.overlap, shift, weight);
    regions += weight * counts.regions;
  }
  return { firstBin, ...sum, regions, isDefined: true };
}

function addTimes(
  target: Float64Array,
  source: Uint32Array | Float64Array,
  shift: number,
  weight: number,
): void {
  for (let index = 0; index < source.length; index++) {
    target[shift + index] = (target[shift + index] as number) + weight * (source[index] as number);
  }
}

/** What a threshold at each bin would detect, in pixels and regions. */
export interface PixelRanking extends Ranking {
  /** Mean over regions of the share of their pixels at or above each threshold, 0..1. */
  readonly overlaps: Float64Array;
}

/** Uses each bin with pixels as a threshold, in descending order. Empty if a value was NaN. */
export function rankPixels({
  firstBin,
  outside,
  inside,
  overlap,
  regions,
}: PixelCounts): PixelRanking {
  const filled: number[] = [];
  for (let index = 0; index < outside.length; index++) {
    if (outside[index] !== 0 || (inside[index] ?? 0) !== 0) filled.push(index);
  }
  const thresholds = new Float64Array(filled.length);
  const truePositives = new Float64Array(filled.length);
  const falsePositives = new Float64Array(filled.length);
  const overlaps = new Float64Array(filled.length);
  let [positives, negatives, covered] = [0, 0, 0];
  for (const [place, index] of filled.entries()) {
    positives += inside[index] ?? 0;
    negatives += outside[index] as number;
    covered += overlap[index] ?? 0;
    thresholds[place] = lowestOf(firstBin + index);
    truePositives[place] = positives;
    falsePositives[place] = negatives;
    // Shares are rounded: whole regions could add up to slightly more than 1.
    overlaps[place] = Math.min(1, covered / regions);
  }
  return { thresholds, truePositives, falsePositives, positives, negatives, overlaps };
}
