/** Quantiles at which the functions are matched. */
const QUANTILES = [0.5, 0.9, 0.99] as const;
/** Numbers of a row of `joinedMap` and `joinedScore`: positions, as many changes of slope, and the share. */
export const ROW_SIZE = 2 * (QUANTILES.length + 1) + 1;

/** Turns every distance into no error, of which the larger one takes all: only the restoring grid counts. */
export const ONLY_RESTORING: readonly number[] = [...Array<number>(ROW_SIZE - 1).fill(0), 1];

/**
 * The increasing piecewise linear function that turns a distance into the error that is as rare: it maps quantiles to quantiles,
 * and beyond the last one, where both have about exponential tails, mean excess to mean excess.
 * @param distances, errors of the same good cells, which no model has learnt
 * @param share of the larger of both errors in the joint one
 * @returns positions where its slope changes, the changes, and the share; {@link ONLY_RESTORING} if either has no tail
 */
export function matching(
  distances: readonly number[],
  errors: readonly number[],
  share: number,
): readonly number[] {
  const [from, to] = [tailOf(distances), tailOf(errors)];
  if (!from || !to) return ONLY_RESTORING;
  const positions = [0, ...from.quantiles];
  const values = [0, ...to.quantiles];
  const slopes = positions.map((position, at) => {
    const next = positions[at + 1];
    if (next === undefined) return to.excess / from.excess;
    const rise = (values[at + 1] as number) - (values[at] as number);
    return rise / Math.max(next - position, Number.EPSILON);
  });
  const changes = slopes.map((slope, at) => slope - (slopes[at - 1] ?? 0));
  return [...positions, ...changes, share];
}

/** Quantiles, and the mean excess over the last one; undefined if nothing exceeds it. */
function tailOf(values: readonly number[]) {
  const sorted = Float64Array.from(values).sort();
  const at = (quantile: number) => sorted[Math.floor(quantile * sorted.length)] ?? 0;
  const quantiles = QUANTILES.map(at);
  const last = quantiles.at(-1) as number;
  const beyond = sorted.subarray(sorted.findIndex((value) => value > last));
  if ((sorted.at(-1) ?? 0) <= last) return undefined;
  const excess = beyond.reduce((sum, value) => sum + value - last, 0) / beyond.length;
  return { quantiles, excess };
}
