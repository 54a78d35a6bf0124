import { median } from '@bigrid/inspect';

/** Middle and spread that some odd values do not move: the median, and a deviation from the median distance to it. */
export function middleAndSpread(values: readonly number[]): { middle: number; spread: number } {
  const middle = median(values) ?? 0;
  // Of normal values, half are within one 1.4826th of a deviation.
  const spread = 1.4826 * (median(values.map((value) => Math.abs(value - middle))) ?? 0);
  return { middle, spread };
}
