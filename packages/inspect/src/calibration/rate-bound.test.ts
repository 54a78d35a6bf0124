import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { upperRateBound } from './rate-bound.ts';

interface Golden {
  readonly hits: number;
  readonly trials: number;
  readonly confidence: number;
  readonly bound: number;
}

const goldens: Golden[] = JSON.parse(
  readFileSync(new URL('./goldens/rate-bound.json', import.meta.url), 'utf8'),
);

describe('upper bound of a rate', () => {
  it.each(goldens)('scipy: $hits of $trials at $confidence', (golden) => {
    const { hits, trials, confidence, bound } = golden;
    expect(upperRateBound(hits, trials, confidence) / bound).toBeCloseTo(1, 8);
  });

  it('is the root for no hits', () => {
    expect(upperRateBound(0, 39, 0.95)).toBeCloseTo(1 - 0.05 ** (1 / 39), 12);
  });

  it('rises with hits and confidence, falls with trials, and is above the rate that was seen', () => {
    const property = fc.property(
      fc.integer({ min: 0, max: 300 }),
      fc.integer({ min: 1, max: 300 }),
      fc.double({ min: 0.5, max: 0.99, noNaN: true }),
      (hits, misses, confidence) => {
        const trials = hits + misses;
        const bound = upperRateBound(hits, trials, confidence);
        expect(bound).toBeGreaterThan(hits / trials);
        expect(bound).toBeLessThan(upperRateBound(hits + 1, trials, confidence));
        expect(bound).toBeLessThan(upperRateBound(hits, trials, confidence + 0.005));
        expect(bound).toBeGreaterThan(upperRateBound(hits, trials + 1, confidence));
      },
    );
    fc.assert(property);
  });
});
