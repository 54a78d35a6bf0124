import { checkMaximumPoints, thinningStep } from './curves.ts';
import type { PixelRanking } from './pixel-counts.ts';
import { isDefined } from './ranking.ts';

/** AUPRO integrates up to this false positive rate, as is customary. */
const falsePositiveRateLimit = 0.3;

/** A point of the per-region overlap curve. */
export interface ProPoint {
  /** Share of the pixels outside all masks at or above the threshold, 0..0.3. */
  readonly falsePositiveRate: number;
  /** Mean over regions of the share of their pixels at or above the threshold, 0..1. */
  readonly overlap: number;
}

export interface Aupro {
  /** In 0..1; NaN if undefined. */
  readonly value: number;
  /** From (0, 0) to a false positive rate of 0.3, thinned for plotting; empty if undefined. */
  readonly curve: readonly ProPoint[];
}

const origin: ProPoint = { falsePositiveRate: 0, overlap: 0 };

/**
 * Area under the per-region overlap curve (Bergmann et al., "The MVTec Anomaly Detection Dataset", 2021).
 * A threshold t calls every pixel scored at or above it anomalous. With the connected regions C_k of all
 * masks (8 neighbours), the overlap is PRO(t) = mean over k of |C_k at or above t| / |C_k|: a small defect
 * counts as much as a large one. The false positive rate FPR(t) is over all pixels outside masks, including
 * those of good images. PRO over FPR, with straight lines between, is integrated from 0 to 0.3 (where a line
 * crosses 0.3 it is cut there) and divided by 0.3.
 *
 * @param maximumPoints the most points of the curve returned, at least 4
 * @returns value NaN if there is no region, no pixel outside, or a score is NaN
 * @throws OPTION_INVALID if `maximumPoints` is out of range
 */
export function aupro(pixels: PixelRanking, maximumPoints: number): Aupro {
  checkMaximumPoints(maximumPoints);
  if (!isDefined(pixels)) return { value: Number.NaN, curve: [] };
  const { falsePositives, negatives, overlaps } = pixels;
  const curve: ProPoint[] = [origin];
  const step = thinningStep(maximumPoints);
  let [kept, area] = [0, 0];
  let last = origin;
  for (let i = 0; last.falsePositiveRate < falsePositiveRateLimit; i++) {
    const next = cutAtLimit(last, {
      falsePositiveRate: (falsePositives[i] as number) / negatives,
      overlap: overlaps[i] as number,
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
