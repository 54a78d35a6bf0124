import type { Calibration } from '../bundle/manifest.ts';
import { momentsOf } from '../bundle/threshold-rules.ts';

/**
 * The confidence that an image is anomalous: a number in 0..1 that never falls as the score rises (up to
 * rounding), and is exactly 0.5 at the threshold t. With F the distribution of the calibration scores,
 *
 *     score <= t:  F(score) / (2 F(t))
 *     score > t:   1 - (1 - F(score)) / (2 (1 - F(t)))
 *
 * F is the empirical distribution function, i / (n + 1) at the i-th smallest of n scores, linear between them. Beyond
 * the lowest and the highest it falls off exponentially, over the standard deviation of the scores.
 *
 * @returns a function of the raw score, NaN for NaN
 */
export function confidenceOf({
  scores,
  threshold,
}: Pick<Calibration, 'scores' | 'threshold'>): (score: number) => number {
  // Good images with equal scores give no scale: use the score itself.
  const scale = momentsOf(scores).deviation || Math.abs(scores[0] as number) || 1;
  const mirrored = scores.map((score) => -score).reverse();
  const below = (score: number) => logarithmOfShareAbove(mirrored, -score, scale);
  const above = (score: number) => logarithmOfShareAbove(scores, score, scale);
  // A share can be rounded to slightly more than the threshold's: never across 0.5.
  return (score) =>
    score > threshold
      ? 1 - 0.5 * Math.min(1, Math.exp(above(score) - above(threshold)))
      : 0.5 * Math.min(1, Math.exp(below(score) - below(threshold)));
}

/** log(1 - F(value)), a logarithm because the share itself underflows far beyond the scores. */
function logarithmOfShareAbove(scores: readonly number[], value: number, scale: number): number {
  const count = scores.length;
  const rank = scores.findLastIndex((score) => score <= value) + 1;
  const lower = scores[rank - 1];
  const upper = scores[rank];
  if (upper === undefined) return -Math.log(count + 1) - (value - (lower as number)) / scale;
  if (lower === undefined) return Math.log1p(-Math.exp((value - upper) / scale) / (count + 1));
  const between = (value - lower) / (upper - lower);
  return Math.log((count + 1 - rank - between) / (count + 1));
}
