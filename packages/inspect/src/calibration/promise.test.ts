import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { exampleManifest } from '../../testing/example-manifest.ts';
import type { Calibration } from '../bundle/manifest.ts';
import { falsePositiveRate } from '../bundle/threshold-rules.ts';
import { describePromise, PROMISE_CONFIDENCE, promised } from './promise.ts';
import { upperRateBound } from './rate-bound.ts';

const scores = Array.from({ length: 60 }, (_, at) => at);
const parts = (count: number) => scores.map((at) => Math.floor((at * count) / scores.length));
const calibrated = (over: Partial<Calibration>): Calibration => ({
  ...exampleManifest.calibration,
  scores,
  threshold: 59,
  ...over,
});

describe('what a threshold guarantees', () => {
  it.each<[Partial<Calibration>, string]>([
    [
      {},
      'Expect at most about 1 in 61 normal images above it (from 60 images held out of training).',
    ],
    [{ threshold: 29.5 }, 'Expect at most about 1 in 2 normal images above it (from 60 images'],
    [
      { groups: parts(6), origin: 'cross-fitted' },
      'Expect at most about 1 in 7 normal images above it (from 60 images of 6 parts, cross-fitted).',
    ],
    [{ origin: 'given' }, '(from 60 images given to calibration)'],
    [
      { groups: parts(1) },
      'No false positive rate can be promised: the threshold rests on 60 images of 1 part held out of training. Collect images of at least 20 different parts.',
    ],
    [{ scores: [1], threshold: 1 }, 'the threshold rests on 1 image held out of training.'],
    [
      { origin: 'near-duplicates' },
      'No false positive rate can be promised: all images look like shots of one part',
    ],
  ])('%j: %s', (over, sentence) => {
    expect(describePromise(calibrated(over))).toContain(sentence);
  });

  it('is nothing if the scored images have near-duplicates among those learnt', () => {
    const { falsePositiveRate, falsePositiveBound } = promised(
      calibrated({ origin: 'near-duplicates' }),
    );
    expect([falsePositiveRate, falsePositiveBound]).toEqual([undefined, undefined]);
    expect(promised(calibrated({ groups: parts(6) }))).toEqual({
      falsePositiveRate: 1 / 7,
      // None of 6 above: 1 - 0.05^(1/6).
      falsePositiveBound: expect.closeTo(0.393, 4),
      images: 60,
      parts: 6,
    });
  });

  it('counts a part as above it if one of its frames is', () => {
    const { falsePositiveBound } = promised(calibrated({ groups: parts(6), threshold: 58 }));
    expect(falsePositiveBound).toBeCloseTo(upperRateBound(1, 6, PROMISE_CONFIDENCE), 12);
  });

  it('has a bound above the expectation', () => {
    const property = fc.property(
      fc.array(fc.integer({ min: 0, max: 50 }), { minLength: 2, maxLength: 60 }),
      fc.integer({ min: 2, max: 60 }),
      fc.integer({ min: -1, max: 51 }),
      (values, count, threshold) => {
        const sorted = values.toSorted((a, b) => a - b);
        const groups = values.map((_, at) => at % Math.min(count, values.length));
        const told = promised(calibrated({ scores: sorted, groups, threshold }));
        expect(told.falsePositiveBound).toBeGreaterThan(Number(told.falsePositiveRate) - 1e-12);
      },
    );
    fc.assert(property);
  });

  it('holds on average, whatever the number of parts and frames', () => {
    // Each part in turn is the new one: of its frames, as large a share is above the highest of the others at most.
    const frames = fc.array(fc.integer({ min: 0, max: 1000 }), { minLength: 1, maxLength: 5 });
    const property = fc.property(fc.array(frames, { minLength: 3, maxLength: 9 }), (all) => {
      const rates = all.map((own, left) => {
        const others = all.flatMap((part, at) =>
          at === left ? [] : part.map((score) => ({ score, at })),
        );
        const threshold = Math.max(...others.map(({ score }) => score));
        const told = falsePositiveRate(
          threshold,
          others.map(({ score }) => score),
          others.map(({ at }) => at),
        );
        return { told, seen: own.filter((score) => score > threshold).length / own.length };
      });
      const mean = (key: 'told' | 'seen') =>
        rates.reduce((sum, rate) => sum + rate[key], 0) / rates.length;
      expect(mean('seen')).toBeLessThanOrEqual(mean('told') + 1e-9);
    });
    fc.assert(property);
  });
});
