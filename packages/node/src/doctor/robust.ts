/** The upper one of two in the middle; 0 of nothing. */
export function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;
}

/** Middle and spread that some odd values do not move: the median, and a deviation from the median distance to it. */
export function middleAndSpread(values: readonly number[]): { middle: number; spread: number } {
  const middle = median(values);
  // Of normal values, half are within one 1.4826th of a deviation.
  const spread = 1.4826 * median(values.map((value) => Math.abs(value - middle)));
  return { middle, spread };
}
