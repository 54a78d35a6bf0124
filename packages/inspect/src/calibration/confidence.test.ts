import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { confidenceOf } from './confidence.ts';

const score = fc.float({ noNaN: true, min: -1000, max: 1000 });
const calibrated = fc.record({
  scores: fc.array(score, { minLength: 1, maxLength: 40 }).map((all) => all.sort((a, b) => a - b)),
  threshold: score,
});

describe('confidenceOf', () => {
  it('is 0.5 at the threshold, in 0..1, and never falls as the score rises', () => {
    fc.assert(
      fc.property(calibrated, fc.array(score, { minLength: 2 }), (calibration, others) => {
        const confidence = confidenceOf(calibration);
        expect(confidence(calibration.threshold)).toBe(0.5);
        const rising = [...others, ...calibration.scores, calibration.threshold];
        const values = rising.sort((a, b) => a - b).map(confidence);
        const rounding = 1e-12;
        for (const [at, value] of values.entries()) {
          expect(value).toBeGreaterThanOrEqual((values[at - 1] ?? rounding) - rounding);
          expect(value).toBeLessThanOrEqual(1);
          const isAnomalous = (rising[at] as number) > calibration.threshold;
          if (isAnomalous) expect(value).toBeGreaterThanOrEqual(0.5);
          else expect(value).toBeLessThanOrEqual(0.5);
        }
      }),
    );
  });

  it('is above 0.5 for exactly the anomalous scores, within double precision', () => {
    const confidence = confidenceOf({ scores: [1, 2, 3, 4], threshold: 3.5 });
    for (const value of [-9, 0, 1, 2.5, 3, 3.4999, 3.5]) {
      expect(confidence(value)).toBeLessThanOrEqual(0.5);
    }
    for (const value of [3.5001, 4, 5, 100]) expect(confidence(value)).toBeGreaterThan(0.5);
  });

  it('follows the empirical distribution of the scores', () => {
    // F is 1/5 at 10, 2/5 at 20, 3/5 at 30, 4/5 at 40.
    const confidence = confidenceOf({ scores: [10, 20, 30, 40], threshold: 30 });
    expect(confidence(10)).toBeCloseTo((0.5 * (1 / 5)) / (3 / 5), 12);
    expect(confidence(25)).toBeCloseTo((0.5 * (2.5 / 5)) / (3 / 5), 12);
    expect(confidence(40)).toBeCloseTo(1 - (0.5 * (1 / 5)) / (2 / 5), 12);
    // Beyond the highest, the share above falls off over the deviation of the scores.
    const deviation = Math.sqrt(500 / 3);
    expect(confidence(40 + deviation)).toBeCloseTo(1 - (0.5 * (Math.exp(-1) / 5)) / (2 / 5), 12);
    expect(confidence(10 - deviation)).toBeCloseTo((0.5 * (Math.exp(-1) / 5)) / (3 / 5), 12);
  });

  it('is defined for few or equal scores', () => {
    const alone = confidenceOf({ scores: [4], threshold: 4 });
    expect([alone(4), alone(8)]).toEqual([0.5, 1 - 0.5 * Math.exp(-1)]);
    const nothing = confidenceOf({ scores: [0, 0], threshold: 0 });
    expect(nothing(0)).toBe(0.5);
    expect(nothing(1)).toBeGreaterThan(0.8);
    const far = confidenceOf({ scores: [1, 2], threshold: 1e6 });
    expect([far(1e6), far(1.1e6)]).toEqual([0.5, 1]);
    expect(far(2)).toBeLessThan(0.5);
    expect(confidenceOf({ scores: [1, 2], threshold: 2 })(Number.NaN)).toBeNaN();
  });
});
