import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { precisionRecallCurve, rocCurve } from './curves.ts';
import { auroc, rank } from './ranking.ts';

interface Golden {
  name: string;
  scores: number[];
  labels: number[];
  auroc: number | null;
  falsePositiveRate: number[];
  truePositiveRate: number[];
  precision: number[];
  recall: number[];
  thresholds: number[];
}

const goldens: Golden[] = JSON.parse(
  readFileSync(new URL('./goldens/ranking.json', import.meta.url), 'utf8'),
);

function expectClose(actual: readonly number[], expected: readonly number[]) {
  expect(actual).toHaveLength(expected.length);
  for (const [index, value] of actual.entries()) {
    expect(value).toBeCloseTo(expected[index] as number, 13);
  }
}

describe.each(goldens.filter((golden) => golden.auroc !== null))(
  'scikit-learn, $name',
  (golden) => {
    const ranking = rank(golden.scores, golden.labels);
    it('ROC curve, whole', () => {
      const curve = rocCurve(ranking, 1000);
      expectClose(
        curve.map((point) => point.falsePositiveRate),
        golden.falsePositiveRate,
      );
      expectClose(
        curve.map((point) => point.truePositiveRate),
        golden.truePositiveRate,
      );
      expect(curve.map((point) => point.threshold)).toEqual([Infinity, ...golden.thresholds]);
    });
    it('precision-recall curve, whole', () => {
      const curve = precisionRecallCurve(ranking, 1000);
      expectClose(
        curve.map((point) => point.precision),
        golden.precision,
      );
      expectClose(
        curve.map((point) => point.recall),
        golden.recall,
      );
      expect(curve.map((point) => point.threshold)).toEqual([Infinity, ...golden.thresholds]);
    });
  },
);

/** Enough separate scores to need thinning. */
const longRanking = fc
  .array(fc.tuple(fc.float({ noNaN: true, min: 0, max: 1 }), fc.boolean()), {
    minLength: 50,
    maxLength: 300,
  })
  .map((pairs) =>
    rank(
      Float32Array.from(pairs, ([score]) => score),
      pairs.map(([, label]) => label),
    ),
  )
  .filter((ranking) => ranking.positives > 0 && ranking.negatives > 0);
const maximumPoints = fc.integer({ min: 4, max: 60 });

describe('thinned', () => {
  it('the ROC curve keeps its ends, its bound, its order and its area', () => {
    fc.assert(
      fc.property(longRanking, maximumPoints, (ranking, most) => {
        const curve = rocCurve(ranking, most);
        expect(curve.length).toBeLessThanOrEqual(most);
        expect(curve[0]).toEqual({
          falsePositiveRate: 0,
          truePositiveRate: 0,
          threshold: Infinity,
        });
        expect(curve.at(-1)).toEqual({
          falsePositiveRate: 1,
          truePositiveRate: 1,
          threshold: ranking.thresholds.at(-1),
        });
        let area = 0;
        for (const [index, point] of curve.slice(1).entries()) {
          const last = curve[index] as typeof point;
          expect(point.threshold).toBeLessThan(last.threshold);
          area +=
            ((point.falsePositiveRate - last.falsePositiveRate) *
              (point.truePositiveRate + last.truePositiveRate)) /
            2;
        }
        // Each step of the curve cuts off at most half of its own square.
        const step = 2 / (most - 2);
        expect(Math.abs(area - auroc(ranking))).toBeLessThanOrEqual(step + 1e-12);
      }),
    );
  });

  it('every point of the ROC curve lies within a step of a kept one before it', () => {
    fc.assert(
      fc.property(longRanking, maximumPoints, (ranking, most) => {
        const kept = rocCurve(ranking, most);
        const step = 2 / (most - 2);
        for (const point of rocCurve(ranking, 1000)) {
          const before = kept.findLast(({ threshold }) => threshold >= point.threshold);
          const distance =
            point.falsePositiveRate +
            point.truePositiveRate -
            (before?.falsePositiveRate ?? 0) -
            (before?.truePositiveRate ?? 0);
          expect(distance).toBeLessThan(step + 1e-12);
        }
      }),
    );
  });

  it('the precision-recall curve keeps its ends, its bound, and points of the whole curve', () => {
    fc.assert(
      fc.property(longRanking, maximumPoints, (ranking, most) => {
        const whole = precisionRecallCurve(ranking, 1000);
        const curve = precisionRecallCurve(ranking, most);
        expect(curve.length).toBeLessThanOrEqual(most);
        expect(curve[0]).toEqual(whole[0]);
        expect(curve.at(-1)).toEqual(whole.at(-1));
        expect(whole).toEqual(expect.arrayContaining(curve));
        // The first point at recall 1 stands highest there: without it the end would be drawn too low.
        expect(curve).toContainEqual(whole.find(({ recall }) => recall === 1));
        const step = 1 / (most - 3);
        if (whole.length <= most) {
          expect(curve).toEqual(whole);
        } else {
          for (const point of curve.slice(0, -1)) {
            expect(point).toEqual(whole.find(({ recall }) => recall === point.recall));
          }
        }
        for (const point of whole) {
          const before = curve.findLast(({ threshold }) => threshold >= point.threshold);
          expect(point.recall - (before?.recall ?? 0)).toBeLessThan(step + 1e-12);
        }
      }),
    );
  });

  it('curves are empty where only one label is present', () => {
    expect(rocCurve(rank([1, 2], [1, 1]), 10)).toEqual([]);
    expect(precisionRecallCurve(rank([1, 2], [0, 0]), 10)).toEqual([]);
  });

  it.each([3, 4.5, Number.NaN])('curves refuse %d points', (points) => {
    const error = expect.objectContaining({
      code: 'OPTION_INVALID',
      message: `Expected an integer of at least 4 for maximumPoints but received ${points}`,
    });
    expect(() => rocCurve(rank([1, 2], [0, 1]), points)).toThrow(error);
    expect(() => precisionRecallCurve(rank([1, 2], [0, 1]), points)).toThrow(error);
  });
});
