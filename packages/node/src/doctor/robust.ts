import { median } from '@bigrid/inspect';

/** Location and spread that outliers barely affect: the median, and the standard deviation estimated from the MAD. */
export function middleAndSpread(values: readonly number[]): { middle: number; spread: number } {
  const middle = median(values) ?? 0;
  // For a normal distribution, the standard deviation is 1.4826 times the MAD.
  const spread = 1.4826 * (median(values.map((value) => Math.abs(value - middle))) ?? 0);
  return { middle, spread };
}
