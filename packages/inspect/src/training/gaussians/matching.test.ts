import { Random } from '@bigrid/method';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { matching, ONLY_RESTORING, ROW_SIZE } from './matching.ts';

/** The function that a row of numbers describes. */
function valueAt(row: readonly number[], distance: number): number {
  const knots = (ROW_SIZE - 1) / 2;
  return row
    .slice(0, knots)
    .reduce((sum, knot, at) => sum + Math.max(0, distance - knot) * (row[knots + at] as number), 0);
}

const random = new Random(1);
const exponential = (count: number, mean: number, from = 0) =>
  Array.from({ length: count }, () => from - mean * Math.log(1 - random.uniform()));
const quantile = (values: readonly number[], share: number) =>
  values.toSorted((a, b) => a - b)[Math.floor(share * values.length)] as number;

describe('matching', () => {
  const [distances, errors] = [exponential(5000, 3, 8), exponential(5000, 0.2)];
  const row = matching(distances, errors, 0.1);

  it.each([0.5, 0.9, 0.99])('maps the quantile %s of distances to that of errors', (share) => {
    expect(valueAt(row, quantile(distances, share))).toBeCloseTo(quantile(errors, share), 6);
  });

  it('maps equally rare values beyond the last quantile', () => {
    // One in a million: mean * log(1e6) above where it begins.
    expect(valueAt(row, 8 + 3 * Math.log(1e6)) / (0.2 * Math.log(1e6))).toBeCloseTo(1, 0);
  });

  it('never decreases', () => {
    const increasing = (count: number) =>
      fc.array(fc.double({ min: 0, max: 50, noNaN: true }), { minLength: count, maxLength: count });
    fc.assert(
      fc.property(increasing(40), increasing(40), (some, others) => {
        const own = matching(some, others, 0);
        const at = [0, 1, 5, 10, 25, 50, 100].map((distance) => valueAt(own, distance));
        at.slice(1).forEach((value, next) => {
          expect(value).toBeGreaterThanOrEqual((at[next] as number) - 1e-6);
        });
      }),
    );
  });

  it('leaves all to the restoring grid where errors or distances are all equal', () => {
    const equal = Array<number>(100).fill(0);
    expect(matching(distances, equal, 0)).toEqual(ONLY_RESTORING);
    expect(matching(equal, errors, 0)).toEqual(ONLY_RESTORING);
    expect(valueAt(ONLY_RESTORING, 100)).toBe(0);
  });
});
