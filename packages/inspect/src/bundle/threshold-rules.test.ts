import { Random } from '@bigrid/method';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  formatRule,
  leastImages,
  parseRule,
  type ThresholdRule,
  thresholdOf,
  thresholdRuleSchema,
} from './threshold-rules.ts';

const invalid = expect.objectContaining({ code: 'OPTION_INVALID' });
const ascending = (values: readonly number[]) => [...values].sort((a, b) => a - b);
const scoresOf = (least: number) =>
  fc
    .array(fc.float({ noNaN: true, min: 0, max: 1e6 }), { minLength: least, maxLength: 60 })
    .map(ascending);
const rates = fc.double({ min: 0.001, max: 0.999, noNaN: true });

describe('the text of a rule', () => {
  it.each<[string, ThresholdRule, string]>([
    ['quantile:0.99', { kind: 'quantile', amount: 0.99 }, 'quantile:0.99'],
    ['quantile:1', { kind: 'quantile', amount: 1 }, 'quantile:1'],
    ['max-fpr:.010', { kind: 'max-fpr', amount: 0.01 }, 'max-fpr:0.01'],
    [' Sigma:3.0 ', { kind: 'sigma', amount: 3 }, 'sigma:3'],
    ['F1', { kind: 'f1' }, 'f1'],
    ['RECALL:.950', { kind: 'recall', amount: 0.95 }, 'recall:0.95'],
    ['4.250', { kind: 'number', amount: 4.25 }, '4.25'],
    ['-0', { kind: 'number', amount: 0 }, '0'],
    ['8.8E-10', { kind: 'number', amount: 8.8e-10 }, '8.8e-10'],
  ])('%j is parsed and has one canonical form', (text, rule, canonical) => {
    expect(parseRule(text)).toEqual(rule);
    expect(formatRule(rule)).toBe(canonical);
    expect(thresholdRuleSchema.safeParse(text).success).toBe(true);
  });

  it.each([
    '',
    'quantile',
    'quantile:',
    'quantile:1.01',
    'quantile:-0.1',
    'max-fpr:0',
    'max-fpr:1',
    'sigma:-1',
    'sigma:1e999',
    'f1:0.5',
    'recall:0',
    'recall:1.01',
    'recall',
    'number:3',
    'median:3',
    'Infinity',
    '0x10',
    '3 4',
  ])('%j is refused with a list of what is allowed', (text) => {
    expect(() => parseRule(text)).toThrow(invalid);
    expect(() => parseRule(text)).toThrow(
      /quantile:Q .*max-fpr:A .*sigma:K .*f1, recall:R .*or a number for the threshold but received \S/,
    );
    expect(thresholdRuleSchema.safeParse(text).success).toBe(false);
  });

  it('is parsed back to the same rule, whatever its number', () => {
    const kinds = fc.constantFrom('quantile', 'max-fpr', 'sigma', 'number');
    fc.assert(
      fc.property(kinds, rates, (kind, amount) => {
        const rule = { kind, amount } as ThresholdRule;
        expect(parseRule(formatRule(rule))).toEqual(rule);
      }),
    );
  });
});

describe('quantile', () => {
  const quantile = (amount: number, scores: readonly number[]) =>
    thresholdOf({ kind: 'quantile', amount }, scores);

  it('takes the score at the quantile, or the next higher one', () => {
    const scores = Array.from({ length: 201 }, (_, i) => i);
    expect(quantile(0.99, scores)).toBe(198);
    expect(quantile(0.99, scores.slice(1))).toBe(199);
    expect([quantile(0, scores), quantile(1, scores)]).toEqual([0, 200]);
  });

  it('leaves at most its share of the scores above', () => {
    fc.assert(
      fc.property(scoresOf(1), rates, (scores, amount) => {
        const threshold = quantile(amount, scores);
        expect(scores).toContain(threshold);
        const above = scores.filter((score) => score > threshold).length;
        expect(above).toBeLessThanOrEqual((1 - amount) * scores.length + 1e-9);
      }),
    );
  });
});

describe('max-fpr', () => {
  const maxFpr = (amount: number, scores: readonly number[]) =>
    thresholdOf({ kind: 'max-fpr', amount }, scores);
  const upTo = (count: number) => Array.from({ length: count }, (_, i) => i + 1);

  it('is the ceil((n + 1)(1 - a))-th smallest score', () => {
    expect(maxFpr(0.05, upTo(19))).toBe(19);
    expect(maxFpr(0.05, upTo(38))).toBe(38);
    expect(maxFpr(0.05, upTo(39))).toBe(38);
    expect(maxFpr(0.5, upTo(3))).toBe(2);
    expect(maxFpr(0.999, upTo(3))).toBe(1);
    // 0.29 * 100 is 28.999999999999996.
    expect(maxFpr(0.29, upTo(99))).toBe(71);
  });

  it('says how many good images it needs', () => {
    expect(maxFpr(0.01, upTo(99))).toBe(99);
    expect(() => maxFpr(0.01, upTo(98))).toThrow(
      expect.objectContaining({
        code: 'THRESHOLD_UNSUPPORTED',
        message:
          'Expected at least 99 good images for the threshold max-fpr:0.01 but received the scores of 98',
      }),
    );
  });

  it('needs exactly as many as it says', () => {
    fc.assert(
      fc.property(fc.double({ min: 0.002, max: 0.99, noNaN: true }), (rate) => {
        const least = leastImages(rate);
        if (least > 0) expect(maxFpr(rate, upTo(least))).toBe(least);
        if (least > 1) expect(() => maxFpr(rate, upTo(least - 1))).toThrow(`at least ${least} `);
      }),
    );
  });

  it('keeps its guarantee exactly: of n + 1 scores, never too many are above the threshold of the others', () => {
    fc.assert(
      fc.property(scoresOf(2), rates, (scores, rate) => {
        fc.pre(scores.length - 1 >= leastImages(rate));
        // Leaving out each score in turn is the exact probability for a new one in any of the orders.
        const alarms = scores.filter(
          (score, index) => score > maxFpr(rate, scores.toSpliced(index, 1)),
        );
        expect(alarms.length / scores.length).toBeLessThanOrEqual(rate + 1e-9);
      }),
    );
  });

  it.each([0.01, 0.05, 0.2])(
    'keeps the false positive rate at %f over many resplits, and not needlessly low',
    (rate) => {
      const random = new Random(7);
      // Skewed, as scores are; the next good images come from the same line.
      const draw = () => Math.exp(random.normal());
      const [count, splits] = [199, 400];
      const alarmRates = Array.from({ length: splits }, () => {
        const threshold = maxFpr(rate, ascending(Array.from({ length: count }, draw)));
        return (
          Array.from({ length: count }, draw).filter((score) => score > threshold).length / count
        );
      });
      const mean = alarmRates.reduce((sum, one) => sum + one, 0) / splits;
      const variance = alarmRates.reduce((sum, one) => sum + (one - mean) ** 2, 0) / (splits - 1);
      const standardError = Math.sqrt(variance / splits);
      expect(mean).toBeLessThanOrEqual(rate + 2 * standardError);
      expect(mean).toBeGreaterThan(rate - 1 / (count + 1) - 3 * standardError);
    },
  );
});

describe('sigma', () => {
  it('is the mean plus a number of sample standard deviations', () => {
    expect(thresholdOf({ kind: 'sigma', amount: 3 }, [1, 3, 5, 7])).toBeCloseTo(
      4 + 3 * Math.sqrt(20 / 3),
      12,
    );
    expect(thresholdOf({ kind: 'sigma', amount: 0 }, [1, 3])).toBe(2);
    expect(() => thresholdOf({ kind: 'sigma', amount: 3 }, [1])).toThrow(
      'Expected at least 2 good images for the threshold sigma:3 but received the scores of 1',
    );
  });
});

describe('f1', () => {
  const f1 = (good: readonly number[], bad: readonly number[]) =>
    thresholdOf({ kind: 'f1' }, good, bad);

  it('is halfway between the two kinds if they are separable', () => {
    expect(f1([1, 2, 3], [5, 9])).toBe(4);
  });

  it('is below all scores if calling all anomalous is best', () => {
    expect(f1([5], [5, 5])).toBeLessThan(5);
    expect(f1([0], [0])).toBeLessThan(0);
  });

  it('is better than any other threshold', () => {
    const f1At = (threshold: number, good: readonly number[], bad: readonly number[]) => {
      const hits = bad.filter((score) => score > threshold).length;
      const alarms = good.filter((score) => score > threshold).length;
      return (2 * hits) / (hits + alarms + bad.length);
    };
    fc.assert(
      fc.property(scoresOf(1), scoresOf(1), (good, bad) => {
        const best = f1At(f1(good, bad), good, bad);
        for (const other of [-1, ...good, ...bad]) {
          expect(best).toBeGreaterThanOrEqual(f1At(other, good, bad));
        }
      }),
    );
  });

  it('needs labelled defects', () => {
    expect(() => f1([1, 2], [])).toThrow(
      expect.objectContaining({ code: 'THRESHOLD_UNSUPPORTED' }),
    );
  });
});

describe('recall', () => {
  const recall = (amount: number, good: readonly number[], bad: readonly number[]) =>
    thresholdOf({ kind: 'recall', amount }, good, bad);
  const shareAbove = (threshold: number, scores: readonly number[]) =>
    scores.filter((score) => score > threshold).length / scores.length;

  it('is the highest threshold that enough defects exceed', () => {
    const bad = Array.from({ length: 20 }, (_, i) => i + 1);
    // 0.95 * 20 is 19: of twenty, one may be missed.
    expect(recall(0.95, [0.5], bad)).toBe(1.5);
    expect(recall(0.951, [0.5], bad)).toBe(0.75);
    expect(recall(0.001, [0.5], bad)).toBe(19.5);
    expect(recall(1, [3], [3, 3])).toBeLessThan(3);
  });

  it('misses no more than allowed, unlike any higher threshold', () => {
    const shares = fc.constantFrom(0.01, 0.29, 0.5, 0.95, 0.99, 1);
    fc.assert(
      fc.property(shares, scoresOf(1), scoresOf(1), (share, good, bad) => {
        const threshold = recall(share, good, bad);
        expect(shareAbove(threshold, bad)).toBeGreaterThanOrEqual(share - 1e-9);
        for (const other of bad.filter((score) => score > threshold)) {
          expect(shareAbove(other, bad)).toBeLessThan(share);
        }
      }),
    );
  });

  it('needs labelled defects', () => {
    expect(() => recall(0.95, [1, 2], [])).toThrow(
      'Expected scores of labelled defects for the threshold recall:0.95 but received only those of good',
    );
  });
});
