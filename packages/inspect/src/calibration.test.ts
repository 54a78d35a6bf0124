import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { calibrate } from './calibration.ts';

const finite = fc.array(fc.double({ noNaN: true, noDefaultInfinity: true }), { minLength: 1 });

describe('calibrate', () => {
  it('takes the score at the quantile, the next higher one where it falls between two', () => {
    const scores = Array.from({ length: 201 }, (_, i) => i);
    expect(calibrate(scores, scores, 0.99).threshold).toBe(198);
    expect(calibrate(scores.slice(1), scores, 0.99).threshold).toBe(199);
    expect(calibrate(scores, scores, 0).threshold).toBe(0);
    expect(calibrate(scores, scores, 1).threshold).toBe(200);
  });

  it('takes the highest of a few scores', () => {
    expect(calibrate([3, 9, 4], [30, 20, 10])).toEqual({
      scores: [3, 4, 9],
      quantile: 0.99,
      threshold: 9,
      pixelThreshold: 30,
    });
    expect(calibrate([5], [6])).toMatchObject({ threshold: 5, pixelThreshold: 6 });
  });

  it('leaves at most the share above the threshold, whatever the order of the scores', () => {
    fc.assert(
      fc.property(finite, fc.double({ min: 0, max: 1, noNaN: true }), (scores, quantile) => {
        const { threshold, scores: sorted } = calibrate(scores, scores, quantile);
        expect(scores).toContain(threshold);
        const above = scores.filter((score) => score > threshold).length;
        expect(above).toBeLessThanOrEqual((1 - quantile) * scores.length + 1e-9);
        expect(sorted).toEqual([...scores].sort((a, b) => a - b));
      }),
    );
  });
});
