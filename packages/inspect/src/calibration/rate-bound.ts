/** Halvings of the interval that holds the bound: as many as a double has bits. */
const HALVINGS = 53;

/**
 * The highest rate p at which at most `hits` hits in `trials` trials are no rarer than 1 - confidence: the exact
 * one-sided upper bound of Clopper and Pearson (1934), the solution of
 *
 *     sum over i = 0..hits of C(trials, i) p^i (1 - p)^(trials - i)  =  1 - confidence
 *
 * which is the quantile `confidence` of Beta(hits + 1, trials - hits). The share of a continuous distribution above the
 * (hits + 1)-th highest of `trials` values drawn from it has this very Beta distribution (Wilks 1941), so the bound also
 * holds for a threshold that is one of the values, or lies between two, as long as its rank did not depend on them.
 *
 * @param hits 0..trials
 * @param trials at least 1
 * @param confidence above 0 and below 1
 * @returns above 0, at most 1
 */
export function upperRateBound(hits: number, trials: number, confidence: number): number {
  if (hits >= trials) return 1;
  const logWays = logBinomial(trials, hits);
  // At the observed rate or below, so many hits are too common.
  let [low, high] = [hits / trials, 1];
  for (let halving = 0; halving < HALVINGS; halving++) {
    const rate = (low + high) / 2;
    if (lowerTail(hits, trials, rate, logWays) > 1 - confidence) low = rate;
    else high = rate;
  }
  return high;
}

/** The probability of at most `hits` hits, for a rate above hits / trials: summed from the largest term down. */
function lowerTail(hits: number, trials: number, rate: number, logWays: number): number {
  let term = Math.exp(logWays + hits * Math.log(rate) + (trials - hits) * Math.log1p(-rate));
  let sum = term;
  for (let i = hits; i > 0 && term > Number.EPSILON * sum; i--) {
    term *= (i * (1 - rate)) / ((trials - i + 1) * rate);
    sum += term;
  }
  return sum;
}

/** The logarithm of n choose k. */
function logBinomial(n: number, k: number): number {
  const fewer = Math.min(k, n - k);
  let sum = 0;
  for (let i = 1; i <= fewer; i++) sum += Math.log((n - fewer + i) / i);
  return sum;
}
