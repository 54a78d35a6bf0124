import { Random } from '@bigrid/method';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { apart } from '../../testing/bins.ts';
import { countPixels, type PixelCounts, rankPixels, sumPixels } from './pixel-counts.ts';
import { auroc, averagePrecision, binnedAveragePrecision, f1Max, rank } from './ranking.ts';

const pixels = fc.array(
  fc.tuple(fc.float({ noNaN: true }), fc.boolean()).map(([value, label]) => ({ value, label })),
  { minLength: 1, maxLength: 60 },
);
type Pixels = readonly { value: number; label: boolean }[];

const mapOf = (own: Pixels) => Float32Array.from(own, ({ value }) => value);
const maskOf = (own: Pixels) => Uint8Array.from(own, ({ label }) => (label ? 1 : 0));
const countsOf = (own: Pixels) => countPixels(mapOf(own), maskOf(own), own.length, 1);

describe('countPixels', () => {
  it('ranks as every distinct value does, where bins hold one each', () => {
    fc.assert(
      fc.property(pixels, (own) => {
        const [map] = apart([mapOf(own)]) as [Float32Array];
        const ranking = rankPixels(countPixels(map, maskOf(own), own.length, 1));
        const exact = rank(map, maskOf(own));
        expect(ranking.thresholds).toEqual(exact.thresholds);
        expect(ranking.truePositives).toEqual(exact.truePositives);
        expect(ranking.falsePositives).toEqual(exact.falsePositives);
        expect(auroc(ranking)).toBe(auroc(exact));
        expect(f1Max(ranking)).toEqual(f1Max(exact));
      }),
    );
  });

  it('keeps values of any size and sign in order, none off by more than 0.4 %', () => {
    const values = fc.uniqueArray(fc.float({ noNaN: true, noDefaultInfinity: true }), {
      minLength: 1,
    });
    fc.assert(
      fc.property(values, (own) => {
        const map = Float32Array.from(own);
        const { thresholds, falsePositives } = rankPixels(
          countPixels(map, undefined, own.length, 1),
        );
        expect([...thresholds]).toEqual([...thresholds].sort((a, b) => b - a));
        expect(falsePositives.at(-1)).toBe(own.length);
        for (const value of map) {
          const lower = [...thresholds].find((threshold) => threshold <= value) as number;
          expect(value - lower).toBeLessThanOrEqual(Math.max(Math.abs(value), 2 ** -126) / 256);
        }
      }),
    );
  });

  it('gives metrics close to those of every distinct value', () => {
    const random = new Random(1);
    const map = Float32Array.from(
      { length: 20_000 },
      (_, i) => random.uniform() + (i % 9 === 0 ? 0.3 : 0),
    );
    const mask = Uint8Array.from(map, (_, i) => (i % 9 === 0 ? 1 : 0));
    const ranking = rankPixels(countPixels(map, mask, map.length, 1));
    const exact = rank(map, mask);
    expect(auroc(ranking)).toBeCloseTo(auroc(exact), 4);
    expect(binnedAveragePrecision(ranking)).toBeCloseTo(averagePrecision(exact), 3);
    expect(f1Max(ranking).value).toBeCloseTo(f1Max(exact).value, 3);
  });

  it('takes -0 for 0', () => {
    const { thresholds } = rankPixels(countPixels(Float32Array.of(0, -0), undefined, 2, 1));
    expect([...thresholds]).toEqual([0]);
  });

  it('knows that a value is not a number', () => {
    const counts = countPixels(Float32Array.of(1, Number.NaN), undefined, 2, 1);
    expect(counts.isDefined).toBe(false);
    expect(auroc(rankPixels(sumPixels([countsOf([{ value: 1, label: true }]), counts])))).toBeNaN();
  });

  it.each([
    ['map', new Float32Array(3), undefined],
    ['mask', new Float32Array(2), Uint8Array.of(1)],
  ])('refuses a %s that does not fit', (_, map, mask) => {
    expect(() => countPixels(map, mask, 2, 1)).toThrow(
      expect.objectContaining({
        code: 'GRAPH_SHAPE_MISMATCH',
        message: `Expected 2 values for map and mask of 2 x 1 but received ${mask?.length ?? map.length}`,
      }),
    );
  });
});

describe('sumPixels', () => {
  it('counts each image as often as it is told', () => {
    const times = fc.array(fc.tuple(pixels, fc.integer({ min: 0, max: 3 })), { maxLength: 5 });
    fc.assert(
      fc.property(times, (drawn) => {
        const weighted = sumPixels(
          drawn.map(([own]) => countsOf(own)),
          drawn.map(([, count]) => count),
        );
        const repeated = drawn.flatMap(([own, count]) =>
          Array<PixelCounts>(count).fill(countsOf(own)),
        );
        const [left, right] = [rankPixels(weighted), rankPixels(sumPixels(repeated))];
        expect(left.truePositives).toEqual(right.truePositives);
        expect(left.falsePositives).toEqual(right.falsePositives);
        for (const [i, overlap] of left.overlaps.entries()) {
          if (weighted.regions > 0) expect(overlap).toBeCloseTo(right.overlaps[i] as number, 12);
        }
        expect(weighted.regions).toBe(repeated.reduce((sum, { regions }) => sum + regions, 0));
      }),
    );
  });
});
