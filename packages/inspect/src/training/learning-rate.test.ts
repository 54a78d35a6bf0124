import { describe, expect, it } from 'vitest';
import { learningRateFactor } from './learning-rate.ts';

describe('learningRateFactor', () => {
  it('falls along a cosine', () => {
    const at = (step: number) => learningRateFactor('cosine', step, 4);
    expect([1, 2, 3, 4].map(at)).toEqual(
      [1, 0.8535533905932737, 0.5, 0.14644660940672627].map((factor) => expect.closeTo(factor, 12)),
    );
  });

  it('falls to a tenth at epoch 40 of 50, whatever the steps of an epoch', () => {
    for (const perEpoch of [1, 7, 13]) {
      const at = (step: number) => learningRateFactor('step', step, 50 * perEpoch);
      expect([1, 40 * perEpoch].map(at)).toEqual([1, 1]);
      expect([40 * perEpoch + 1, 50 * perEpoch].map(at)).toEqual([0.1, 0.1]);
    }
  });
});
