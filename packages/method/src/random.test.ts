import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Random } from './random.ts';

const seeds = fc.integer({ min: 0, max: 2 ** 31 - 1 });

function draw(count: number, next: () => number): number[] {
  return Array.from({ length: count }, next);
}

/** Mean, variance, and third and fourth moments about the mean in units of the deviation. */
function moments(values: readonly number[]) {
  const mean = values.reduce((total, value) => total + value, 0) / values.length;
  const central = (power: number) =>
    values.reduce((total, value) => total + (value - mean) ** power, 0) / values.length;
  const variance = central(2);
  return {
    mean,
    variance,
    skew: central(3) / variance ** 1.5,
    kurtosis: central(4) / variance ** 2,
  };
}

function correlation(left: readonly number[], right: readonly number[]): number {
  const [a, b] = [moments(left), moments(right)];
  const product = left.reduce(
    (total, value, i) => total + (value - a.mean) * ((right[i] as number) - b.mean),
    0,
  );
  return product / left.length / Math.sqrt(a.variance * b.variance);
}

describe('Random', () => {
  it('gives the same numbers for the same seed, on every machine', () => {
    const random = new Random(7);
    // Other numbers here mean that every seed means another model.
    expect(random.uniform()).toBe(0.872220516204834);
    expect(random.integer(0, 999)).toBe(78);
    expect(random.normal()).toBeCloseTo(-1.8666714765926857, 14);
    expect(random.normal()).toBeCloseTo(0.6932651427161349, 14);
  });

  it('gives other numbers for another seed', () => {
    fc.assert(
      fc.property(seeds, (seed) => {
        const [one, other] = [new Random(seed), new Random(seed + 1)];
        expect(draw(4, () => one.uniform())).not.toEqual(draw(4, () => other.uniform()));
      }),
    );
  });

  it('draws uniform numbers in [low, high)', () => {
    const random = new Random(1);
    const values = draw(20_000, () => random.uniform(-1, 3));
    expect(Math.min(...values)).toBeGreaterThanOrEqual(-1);
    expect(Math.max(...values)).toBeLessThan(3);
    const { mean, variance, kurtosis } = moments(values);
    expect(mean).toBeCloseTo(1, 1);
    expect(variance).toBeCloseTo(16 / 12, 1);
    expect(kurtosis).toBeCloseTo(1.8, 1);
  });

  it('draws normal numbers', () => {
    const random = new Random(2);
    const values = draw(50_000, () => random.normal());
    const { mean, variance, skew, kurtosis } = moments(values);
    expect(Math.abs(mean)).toBeLessThan(0.02);
    expect(Math.abs(variance - 1)).toBeLessThan(0.03);
    expect(Math.abs(skew)).toBeLessThan(0.05);
    expect(Math.abs(kurtosis - 3)).toBeLessThan(0.15);
    // The polar method gives them in pairs, which must not look like each other.
    expect(Math.abs(correlation(values.slice(1), values.slice(0, -1)))).toBeLessThan(0.02);
  });

  it('draws every whole number of a range, ends included, equally often', () => {
    const random = new Random(3);
    const counts = new Map<number, number>();
    for (let i = 0; i < 5000; i++) {
      const value = random.integer(-2, 2);
      counts.set(value, (counts.get(value) ?? 0) + 1);
    }
    expect([...counts.keys()].sort((a, b) => a - b)).toEqual([-2, -1, 0, 1, 2]);
    for (const count of counts.values()) expect(Math.abs(count - 1000)).toBeLessThan(150);
    expect(random.integer(4, 4)).toBe(4);
  });

  it('permutes: each number once, any of them first', () => {
    fc.assert(
      fc.property(seeds, fc.integer({ min: 0, max: 40 }), (seed, count) => {
        const order = new Random(seed).permutation(count);
        expect([...order].sort((a, b) => a - b)).toEqual(draw(count, counter()));
      }),
    );
    const firsts = new Set(draw(200, counter()).map((seed) => new Random(seed).permutation(5)[0]));
    expect([...firsts].sort()).toEqual([0, 1, 2, 3, 4]);
  });

  it('fills arrays in order', () => {
    expect([...new Random(0).array(3, counter())]).toEqual([0, 1, 2]);
  });
});

describe('fork', () => {
  it('does not depend on what was drawn before', () => {
    fc.assert(
      fc.property(seeds, fc.string(), fc.nat(20), (seed, name, drawn) => {
        const used = new Random(seed);
        for (let i = 0; i < drawn; i++) used.normal();
        expect(used.fork(name).uniform()).toBe(new Random(seed).fork(name).uniform());
      }),
    );
  });

  it('leaves the sequence it is taken from alone', () => {
    const [random, other] = [new Random(5), new Random(5)];
    random.fork('a').uniform();
    expect(random.uniform()).toBe(other.uniform());
  });

  it.each([
    ['a', 'b'],
    ['block0', 'block1'],
    ['normal.grid.local', 'normal.grid.global'],
  ])('%s and %s are unrelated from the first number on', (left, right) => {
    const trials = draw(2000, counter());
    for (let skipped = 0; skipped < 4; skipped++) {
      const nth = (seed: number, name: string) => {
        const fork = new Random(seed).fork(name);
        return draw(skipped + 1, () => fork.uniform())[skipped] as number;
      };
      const lefts = trials.map((seed) => nth(seed, left));
      expect(
        Math.abs(
          correlation(
            lefts,
            trials.map((seed) => nth(seed, right)),
          ),
        ),
      ).toBeLessThan(0.08);
      const { mean, variance } = moments(lefts);
      expect(Math.abs(mean - 0.5)).toBeLessThan(0.03);
      expect(Math.abs(variance - 1 / 12)).toBeLessThan(0.01);
    }
  });

  it('of a fork depends on both names', () => {
    const of = (...names: string[]) =>
      names.reduce((random, name) => random.fork(name), new Random(0)).uniform();
    expect(new Set([of('a', 'b'), of('b', 'a'), of('a', 'a'), of('a'), of('b')]).size).toBe(5);
  });
});

function counter() {
  let next = 0;
  return () => next++;
}
