/** How many values of a later sample lie outside a band that holds most of an earlier one. */
export interface OutsideBand {
  readonly below: number;
  readonly above: number;
  /** Expected share of later values outside if nothing changed, 0..1. */
  readonly expected: number;
  /** Probability of at least as many outside if both samples come from one continuous distribution; ties only lower it. */
  readonly probability: number;
}

/**
 * Counts values outside a band, with an exact one-sided test. The band is estimated from a sample, so the share outside is
 * unknown: for a band from the i-th smallest to the j-th smallest of n values it has the distribution
 * Beta(i + n + 1 - j, j - i), whatever the distribution of the values, and the number outside is beta-binomial.
 * @param earlier ascending, at least one value
 * @param low index of the lower bound in `earlier`
 * @param high index of the upper bound
 * @param later at least one value
 */
export function outsideBand(
  earlier: readonly number[],
  [low, high]: readonly [low: number, high: number],
  later: readonly number[],
): OutsideBand {
  const below = later.filter((value) => value < (earlier[low] as number)).length;
  const above = later.filter((value) => value > (earlier[high] as number)).length;
  const inside = high - low;
  const outside = earlier.length + 1 - inside;
  return {
    below,
    above,
    expected: outside / (earlier.length + 1),
    // One value does not make a band.
    probability: inside === 0 ? 1 : tailOf(below + above, later.length, outside, inside),
  };
}

/** P(K >= least) for a beta-binomial K with that many trials and the parameters a and b. */
function tailOf(least: number, trials: number, a: number, b: number): number {
  // P(K = 0) as a logarithm, and from there by the ratio of neighbours: P(K = k) itself can underflow.
  let logarithm = 0;
  for (let i = 0; i < trials; i++) logarithm += Math.log((b + i) / (a + b + i));
  let [tail, head] = [0, 0];
  for (let k = 0; k <= trials; k++) {
    if (k < least) head += Math.exp(logarithm);
    else tail += Math.exp(logarithm);
    logarithm += Math.log(((trials - k) * (a + k)) / ((k + 1) * (b + trials - k - 1)));
  }
  // From the smaller sum, which has the smaller rounding error.
  return Math.min(1, head < tail ? 1 - head : tail);
}
