import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { auroc, averagePrecision, f1Max, rank } from './ranking.ts';

interface Golden {
  name: string;
  scores: number[];
  labels: number[];
  auroc: number | null;
  averagePrecision: number;
  f1Max: { value: number; threshold: number };
}

const goldens: Golden[] = JSON.parse(
  readFileSync(new URL('./goldens/ranking.json', import.meta.url), 'utf8'),
);

/** Few different scores, so that ties are common, and labels of both kinds or of one. */
const labelledScores = fc.array(fc.tuple(fc.integer({ min: -9, max: 9 }), fc.boolean()), {
  maxLength: 40,
});

function split(pairs: readonly (readonly [number, boolean])[]) {
  return { scores: pairs.map(([score]) => score / 4), labels: pairs.map(([, label]) => label) };
}

describe.each(goldens)('scikit-learn, $name', (golden) => {
  const inputs = [
    ['numbers', golden.scores, golden.labels],
    ['numbers and booleans', golden.scores, golden.labels.map(Boolean)],
    ['typed arrays', Float32Array.from(golden.scores), Uint8Array.from(golden.labels)],
  ] as const;
  it.each(inputs)('from %s', (_, scores, labels) => {
    const ranking = rank(scores, labels);
    if (golden.auroc === null) {
      expect(auroc(ranking)).toBeNaN();
      expect(averagePrecision(ranking)).toBeNaN();
      expect(f1Max(ranking)).toEqual({ value: Number.NaN, threshold: Number.NaN });
      return;
    }
    expect(auroc(ranking)).toBeCloseTo(golden.auroc, 13);
    expect(averagePrecision(ranking)).toBeCloseTo(golden.averagePrecision, 13);
    expect(f1Max(ranking).value).toBeCloseTo(golden.f1Max.value, 13);
    expect(f1Max(ranking).threshold).toBe(golden.f1Max.threshold);
    expect(auroc(scores, labels)).toBe(auroc(ranking));
    expect(averagePrecision(scores, labels)).toBe(averagePrecision(ranking));
    expect(f1Max(scores, labels)).toEqual(f1Max(ranking));
  });
});

describe('rank', () => {
  it('counts, at each distinct score, what lies at or above it', () => {
    fc.assert(
      fc.property(labelledScores, (pairs) => {
        const { scores, labels } = split(pairs);
        const thresholds = [...new Set(scores)].sort((left, right) => right - left);
        const count = (threshold: number, label: boolean) =>
          scores.filter((score, index) => score >= threshold && labels[index] === label).length;
        for (const input of [scores, Float32Array.from(scores)]) {
          const ranking = rank(input, labels);
          expect([...ranking.thresholds]).toEqual(thresholds);
          expect([...ranking.truePositives]).toEqual(thresholds.map((at) => count(at, true)));
          expect([...ranking.falsePositives]).toEqual(thresholds.map((at) => count(at, false)));
          expect(ranking.positives).toBe(labels.filter(Boolean).length);
          expect(ranking.negatives).toBe(labels.filter((label) => !label).length);
        }
      }),
    );
  });

  it('gives every float32 back as a threshold, in falling order', () => {
    const float = fc.float({ noNaN: true }).map((value) => value + 0);
    fc.assert(
      fc.property(fc.array(fc.tuple(float, fc.boolean())), (pairs) => {
        const scores = Float32Array.from(pairs, ([score]) => score);
        const labels = pairs.map(([, label]) => label);
        const falling = [...new Set(scores)].sort((left, right) => (left < right ? 1 : -1));
        expect([...rank(scores, labels).thresholds]).toEqual(falling);
      }),
    );
  });

  it('tells numbers apart that are equal as float32', () => {
    expect(auroc([1, 1 + 1e-12], [0, 1])).toBe(1);
    expect(auroc(Float32Array.of(1, 1 + 1e-12), [0, 1])).toBe(0.5);
  });

  it('reads a part of a larger array', () => {
    const scores = Float32Array.of(9, 1, 2, 9).subarray(1, 3);
    expect([...rank(scores, [0, 1]).thresholds]).toEqual([2, 1]);
  });

  it('takes any label but 0 and false for a defect', () => {
    expect(rank([1, 2, 3], [0.5, 256, 0]).positives).toBe(2);
    expect(rank([1, 2, 3], Uint8Array.of(255, 1, 0)).positives).toBe(2);
  });

  it('does not change its inputs', () => {
    const scores = Float32Array.of(3, 1, 2);
    const labels = Uint8Array.of(1, 0, 1);
    rank(scores, labels);
    expect([...scores]).toEqual([3, 1, 2]);
    expect([...labels]).toEqual([1, 0, 1]);
  });

  it('refuses labels that do not fit', () => {
    expect(() => rank([1, 2, 3], [0, 1])).toThrow(
      expect.objectContaining({
        code: 'GRAPH_SHAPE_MISMATCH',
        message: 'Expected 3 labels for 3 scores but received 2',
      }),
    );
  });
});

describe('metrics', () => {
  it('are NaN where a score is not a number, and where there is no score', () => {
    const cases = [
      rank([1, Number.NaN], [0, 1]),
      rank(Float32Array.of(1, Number.NaN), [0, 1]),
      rank(Float32Array.of(-Number.NaN, 1), [0, 1]),
      rank([], []),
      rank(new Float32Array(0), new Uint8Array(0)),
    ];
    for (const ranking of cases) {
      expect(auroc(ranking)).toBeNaN();
      expect(averagePrecision(ranking)).toBeNaN();
      expect(f1Max(ranking).value).toBeNaN();
      expect(f1Max(ranking).threshold).toBeNaN();
    }
  });

  it('rank infinite scores above and below all others', () => {
    expect(auroc(Float32Array.of(-Infinity, 3e38, Infinity), [0, 0, 1])).toBe(1);
    expect(auroc([-Infinity, 1e308, Infinity], [1, 0, 0])).toBe(0);
  });

  it('do not change under a strictly rising transform of the scores', () => {
    fc.assert(
      fc.property(labelledScores, (pairs) => {
        const { scores, labels } = split(pairs);
        const transformed = scores.map((score) => Math.exp(3 * score) - 7);
        expect(auroc(transformed, labels)).toBe(auroc(scores, labels));
        expect(averagePrecision(transformed, labels)).toBe(averagePrecision(scores, labels));
        expect(f1Max(transformed, labels).value).toBe(f1Max(scores, labels).value);
      }),
    );
  });

  it('do not depend on the order of the images', () => {
    const shuffled = labelledScores.chain((pairs) =>
      fc.tuple(
        fc.constant(pairs),
        fc.shuffledSubarray(pairs, { minLength: pairs.length, maxLength: pairs.length }),
      ),
    );
    fc.assert(
      fc.property(shuffled, ([pairs, others]) => {
        const left = rank(Float32Array.from(split(pairs).scores), split(pairs).labels);
        const right = rank(Float32Array.from(split(others).scores), split(others).labels);
        expect(right).toEqual(left);
      }),
    );
  });

  it('AUROC is the chance that a defect scores above a good one, ties counting one half', () => {
    fc.assert(
      fc.property(labelledScores, (pairs) => {
        const defects = pairs.filter(([, label]) => label);
        const goods = pairs.filter(([, label]) => !label);
        let wins = 0;
        for (const [defect] of defects) {
          for (const [good] of goods) wins += defect > good ? 1 : defect === good ? 0.5 : 0;
        }
        const { scores, labels } = split(pairs);
        const expected = wins / (defects.length * goods.length);
        expect(auroc(scores, labels)).toBe(expected);
        const swapped = auroc(
          scores.map((score) => -score),
          labels,
        );
        if (!Number.isNaN(expected)) expect(swapped).toBeCloseTo(1 - expected, 12);
      }),
    );
  });

  it('the threshold of the best F1 reaches that F1, and no lower one does', () => {
    fc.assert(
      fc.property(labelledScores, (pairs) => {
        const { scores, labels } = split(pairs);
        const { value, threshold } = f1Max(scores, labels);
        if (Number.isNaN(value)) return;
        const f1At = (at: number) => {
          const called = pairs.filter((_, index) => (scores[index] as number) >= at);
          const hits = called.filter(([, label]) => label).length;
          const misses = labels.filter(Boolean).length - hits;
          return (2 * hits) / (hits + called.length + misses);
        };
        expect(f1At(threshold)).toBe(value);
        for (const score of scores) {
          expect(f1At(score)).toBeLessThanOrEqual(value);
          if (score < threshold) expect(f1At(score)).toBeLessThan(value);
        }
      }),
    );
  });
});
