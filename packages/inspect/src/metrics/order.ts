export function ascending(values: readonly number[]): number[] {
  return values.toSorted((a, b) => a - b);
}

/** The upper median, which is one of the values. @returns undefined for an empty list */
export function median(values: readonly number[]): number | undefined {
  return ascending(values)[Math.floor(values.length / 2)];
}
