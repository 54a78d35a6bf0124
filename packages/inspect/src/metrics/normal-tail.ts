/** Where the continued fraction has converged after {@link TERMS} terms, and the series has not lost digits yet. */
const SWITCH = 2;
const TERMS = 80;

/**
 * The probability that a standard normal variable lies at least this far from 0, in either direction: erfc(|z| / sqrt 2).
 * For small z by the series of erf, otherwise by the continued fraction of erfc (Abramowitz & Stegun, "Handbook of
 * Mathematical Functions", 7.1.6 and 7.1.14); relative error below 1e-12.
 * @param z in standard deviations
 * @returns 0..1
 */
export function bothNormalTails(z: number): number {
  const x = Math.abs(z) / Math.SQRT2;
  const bell = Math.exp(-x * x) / Math.sqrt(Math.PI);
  if (x < SWITCH) {
    let [term, sum] = [x, x];
    for (let n = 1; n < TERMS; n++) {
      term *= (2 * x * x) / (2 * n + 1);
      sum += term;
    }
    return 1 - 2 * bell * sum;
  }
  let fraction = x;
  for (let n = TERMS; n > 0; n--) fraction = x + n / 2 / fraction;
  return bell / fraction;
}
