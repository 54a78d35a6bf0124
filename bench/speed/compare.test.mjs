import { Random } from '@bigrid/method';
import { describe, expect, it } from 'vitest';
import { compare } from './compare.mjs';

/** Times of two revisions, the new one `factor` times the other, with drift in both and spikes in one. */
function madeUp(seed, factor, rounds = 9) {
  const source = new Random(seed);
  const random = () => source.uniform();
  const noise = () => 1 + 0.04 * (random() - 0.5) + (random() < 0.15 ? random() : 0);
  const drift = Array.from({ length: rounds }, () => 10 * (1 + 3 * random()));
  return {
    now: drift.map((load) => load * factor * noise()),
    base: drift.map((load) => load * noise()),
  };
}

function verdicts(factor, better, rounds) {
  return Array.from({ length: 100 }, (_, seed) => {
    const { now, base } = madeUp(seed + 1, factor, rounds);
    return compare(now, base, better).verdict;
  });
}
const share = (all, verdict) => all.filter((one) => one === verdict).length / all.length;

describe('compare', () => {
  it('detects 10 % in 21 rounds under a load that varies fourfold', () => {
    expect(share(verdicts(0.9, 'lower', 21), 'faster')).toBeGreaterThan(0.9);
    expect(share(verdicts(1.1, 'lower', 21), 'slower')).toBeGreaterThan(0.9);
    expect(share(verdicts(1.1, 'higher', 21), 'faster')).toBeGreaterThan(0.9);
  });

  it('detects no difference between a revision and itself', () => {
    expect(share(verdicts(1, 'lower'), 'no difference')).toBeGreaterThan(0.9);
  });

  it('covers the true ratio', () => {
    const covered = Array.from({ length: 100 }, (_, seed) => {
      const { now, base } = madeUp(seed + 500, 1.2);
      const { low, high } = compare(now, base, 'lower');
      return low <= 1.2 && high >= 1.2;
    });
    expect(covered.filter(Boolean).length / 100).toBeGreaterThan(0.9);
  });

  it('ignores a change of half a percent, however significant', () => {
    const base = [10, 11, 12, 13, 14, 15];
    const now = base.map((time) => time * 1.005);
    expect(compare(now, base, 'lower').verdict).toBe('no difference');
  });

  it('gives no verdict on three pairs, unless the figure does not vary', () => {
    expect(compare([9, 8, 7], [10, 10, 10], 'lower').verdict).toBe('too few rounds');
    expect(compare([9], [10], 'lower').verdict).toBe('faster');
  });

  it('refuses figures that are not in pairs', () => {
    expect(() => compare([1, 2], [1], 'lower')).toThrow('received 2, 1');
  });
});
