import { Random } from '@bigrid/method';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { outsideBand } from './outside-band.ts';

/** By counting: all orders of `n` earlier and `m` later values are as likely where both come from one distribution. */
function counted(n: number, [low, high]: readonly [number, number], m: number, least: number) {
  let [all, asMany] = [0, 0];
  for (let order = 0; order < 2 ** (n + m); order++) {
    const isEarlier = Array.from({ length: n + m }, (_, at) => (order >> at) & 1);
    const places = isEarlier.flatMap((one, at) => (one ? [at] : []));
    if (places.length !== n) continue;
    all++;
    const [first, last] = [places[low] as number, places[high] as number];
    const outside = isEarlier.filter((one, at) => !one && (at < first || at > last)).length;
    if (outside >= least) asMany++;
  }
  return asMany / all;
}

describe('outsideBand', () => {
  it('agrees with counting all orders', () => {
    const bands = [
      [5, [0, 4], 6],
      [6, [1, 4], 5],
      [3, [0, 2], 8],
      [2, [0, 1], 3],
    ] as const;
    for (const [n, band, m] of bands) {
      const earlier = Array.from({ length: n }, (_, at) => at);
      for (let outside = 0; outside <= m; outside++) {
        const later = Array.from({ length: m }, (_, at) => (at < outside ? -1 : n / 2));
        const { below, above, probability } = outsideBand(earlier, band, later);
        expect([below, above]).toEqual([outside, 0]);
        expect(probability).toBeCloseTo(counted(n, band, m, outside), 12);
      }
    }
  });

  it('decreases as more are outside, and stays a probability for large samples', () => {
    const size = fc.integer({ min: 1, max: 3000 });
    fc.assert(
      fc.property(fc.integer({ min: 2, max: 400 }), size, fc.nat(), (n, m, drawn) => {
        const earlier = Array.from({ length: n }, (_, at) => at);
        const of = (outside: number) =>
          outsideBand(
            earlier,
            [0, n - 1],
            Array.from({ length: m }, (_, at) => (at < outside ? n : 0)),
          ).probability;
        const outside = drawn % m;
        expect(of(0)).toBe(1);
        expect(of(outside)).toBeLessThanOrEqual(1);
        expect(of(outside + 1)).toBeLessThanOrEqual(of(outside));
        expect(of(m)).toBeGreaterThanOrEqual(0);
      }),
      { numRuns: 50 },
    );
  });

  it('expects the actual share, whatever the distribution', () => {
    const random = new Random(1);
    let outside = 0;
    const draw = (count: number) =>
      Array.from({ length: count }, () => Math.exp(2 * random.normal())).sort((a, b) => a - b);
    const runs = 400;
    for (let run = 0; run < runs; run++) {
      const { below, above } = outsideBand(draw(40), [1, 38], draw(20));
      outside += below + above;
    }
    const { expected } = outsideBand(draw(40), [1, 38], draw(20));
    expect(expected).toBeCloseTo(4 / 41, 12);
    expect(outside / (20 * runs)).toBeCloseTo(expected, 1.5);
  });

  it('gives no evidence for a band of one value', () => {
    expect(outsideBand([3], [0, 0], [1, 2, 9])).toMatchObject({
      below: 2,
      above: 1,
      probability: 1,
    });
  });
});
