export function ascending(values: readonly number[]): number[] {
  return values.toSorted((a, b) => a - b);
}

/** One of the values: of two in the middle the higher one. @returns undefined of nothing */
export function median(values: readonly number[]): number | undefined {
  return ascending(values)[Math.floor(values.length / 2)];
}
