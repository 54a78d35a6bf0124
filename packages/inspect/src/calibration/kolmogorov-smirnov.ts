/** How far two samples are apart, and how likely that is by chance. */
export interface SampleDistance {
  /** The largest distance between their empirical distribution functions, 0..1. */
  readonly distance: number;
  /** Probability of at least that distance if both come from one continuous distribution; ties only lower it. */
  readonly probability: number;
}

/**
 * The two-sample test of Kolmogorov and Smirnov, exact: it counts the lattice paths that stay closer to the diagonal
 * than the observed distance (Hodges, 1958). Takes time proportional to the product of both sizes.
 * @param a ascending, at least one value
 * @param b ascending, at least one value
 */
export function kolmogorovSmirnov(a: readonly number[], b: readonly number[]): SampleDistance {
  let [i, j, distance] = [0, 0, 0];
  while (i < a.length && j < b.length) {
    const value = Math.min(a[i] as number, b[j] as number);
    while (i < a.length && (a[i] as number) <= value) i++;
    while (j < b.length && (b[j] as number) <= value) j++;
    distance = Math.max(distance, Math.abs(i / a.length - j / b.length));
  }
  return { distance, probability: probabilityOf(distance, a.length, b.length) };
}

function probabilityOf(distance: number, m: number, n: number): number {
  // Distances are multiples of 1 / (m n); half of one below keeps rounding out of the comparison.
  const limit = distance - 0.5 / (m * n);
  // Share of the paths to (i, j) that stay within the limit.
  const paths = Float64Array.from({ length: n + 1 }, (_, j) => Number(j / n < limit));
  for (let i = 1; i <= m; i++) {
    const weight = i / (i + n);
    paths[0] = i / m < limit ? weight * (paths[0] as number) : 0;
    for (let j = 1; j <= n; j++) {
      paths[j] =
        Math.abs(i / m - j / n) < limit
          ? weight * (paths[j] as number) + (paths[j - 1] as number)
          : 0;
    }
  }
  return Math.min(1, Math.max(0, 1 - (paths[n] as number)));
}
