import { Random } from '@bigrid/method';
import { describe, expect, it } from 'vitest';
import { kolmogorovSmirnov } from './kolmogorov-smirnov.ts';

/** Every second number from `low` to below `high`. */
function evenly(low: number, high: number): number[] {
  return Array.from({ length: (high - low) / 2 }, (_, index) => low + 2 * index);
}

describe('kolmogorovSmirnov', () => {
  // From scipy.stats.ks_2samp(a, b, method='exact') of SciPy 1.17.
  it.each([
    [[1, 2, 3, 4, 5], [6, 7, 8, 9, 10], 1, 2 / 252],
    [[1, 2, 3], [1.5, 2.5, 3.5, 4.5], 0.5, 0.6571428571428571],
    [[0.1, 0.4, 0.7, 0.9], [0.2, 0.3, 0.5, 0.6, 0.8, 1.0], 0.25, 0.9952380952380953],
    [evenly(0, 40), evenly(15, 65), 0.52, 0.002933880974459243],
  ])('%j against %j', (a, b, distance, probability) => {
    const found = kolmogorovSmirnov(a, b);
    expect(found.distance).toBeCloseTo(distance, 12);
    expect(found.probability).toBeCloseTo(probability, 9);
    expect(kolmogorovSmirnov(b, a).probability).toBeCloseTo(probability, 9);
  });

  it('finds no difference if all values are the same', () => {
    expect(kolmogorovSmirnov([2, 2, 2], [2, 2])).toEqual({ distance: 0, probability: 1 });
  });

  it('rejects samples of one distribution at most as often as stated', () => {
    const random = new Random(3);
    const sample = (count: number) =>
      [...random.array(count, () => random.normal())].sort((a, b) => a - b);
    const trials = 1000;
    let rejected = 0;
    for (let trial = 0; trial < trials; trial++) {
      if (kolmogorovSmirnov(sample(30), sample(20)).probability < 0.05) rejected++;
    }
    expect(rejected / trials).toBeLessThan(0.05 + 3 * Math.sqrt((0.05 * 0.95) / trials));
    expect(rejected / trials).toBeGreaterThan(0.02);
  });
});
