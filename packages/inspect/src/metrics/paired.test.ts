import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { bothNormalTails } from './normal-tail.ts';
import { compareAuroc, mcNemar } from './paired.ts';
import { auroc } from './ranking.ts';

// biome-ignore lint/suspicious/noExplicitAny: the test says which fields a case has
const goldens: Record<string, any>[] = JSON.parse(
  readFileSync(new URL('./goldens/paired.json', import.meta.url), 'utf8'),
);
const casesOf = (test: string) => goldens.filter((golden) => golden.test === test);

const expectClose = (received: number, expected: number) =>
  expect(Math.abs(received - expected)).toBeLessThanOrEqual(1e-10 * Math.abs(expected));

it.each(casesOf('mcnemar'))('McNemar, as statsmodels: $firstOnly, $secondOnly', (golden) => {
  expectClose(mcNemar(golden.firstOnly, golden.secondOnly), golden.pValue);
});

it.each(casesOf('tails'))('tails of the normal distribution, as scipy: $z', ({ z, pValue }) => {
  expectClose(bothNormalTails(z), pValue);
  expectClose(bothNormalTails(-z), pValue);
});

describe('DeLong', () => {
  it.each(casesOf('delong'))('as MLstatkit: $name', ({ first, second, labels, ...golden }) => {
    const found = compareAuroc(first, second, labels.map(Boolean));
    for (const name of ['difference', 'low', 'high', 'pValue'] as const) {
      expect(found?.[name], name).toBeCloseTo(golden[name], 10);
    }
  });

  const images = fc.array(fc.tuple(fc.integer({ max: 9 }), fc.integer({ max: 9 }), fc.boolean()), {
    minLength: 8,
    maxLength: 30,
  });

  it('compares what auroc gives, and the other way round', () => {
    fc.assert(
      fc.property(images, (drawn) => {
        const [first, second] = [drawn.map(([a]) => a), drawn.map(([, b]) => b)];
        const labels = drawn.map(([, , label]) => label);
        const found = compareAuroc(first, second, labels);
        fc.pre(found !== undefined);
        const expected = auroc(second, labels) - auroc(first, labels);
        expect(found.difference).toBeCloseTo(expected, 12);
        const back = compareAuroc(second, first, labels);
        expect(back?.difference).toBeCloseTo(-expected, 12);
        expect(back?.pValue).toBeCloseTo(found.pValue, 12);
        expect(back?.low).toBeCloseTo(-found.high, 12);
      }),
    );
  });

  it('finds no difference between equal scores, and says nothing of too few', () => {
    const labels = [false, false, true, true];
    const same = compareAuroc([1, 2, 3, 4], [1, 2, 3, 4], labels);
    expect(same).toEqual({ difference: 0, low: 0, high: 0, pValue: 1 });
    expect(compareAuroc([1, 2, 3], [3, 2, 1], [false, false, true])).toBeUndefined();
    // One is always right and the other one never: there is no variance to compare with.
    expect(compareAuroc([1, 2, 3, 4], [4, 3, 2, 1], labels)).toBeUndefined();
  });

  it('refuses scores and labels of different numbers', () => {
    expect(() => compareAuroc([1], [1, 2], [true, false])).toThrow(
      expect.objectContaining({ code: 'GRAPH_SHAPE_MISMATCH' }),
    );
  });
});
