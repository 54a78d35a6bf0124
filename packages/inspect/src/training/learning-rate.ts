import type { Schedule } from '@bigrid/method';

/** Where a learning rate that falls by steps falls, as a share of all steps: epoch 40 of the published 50. */
const FALL_AT = 0.8;
const FALLEN = 0.1;

/**
 * What learning rates are multiplied by at a step: from 1 to almost 0 along a cosine (Loshchilov & Hutter 2017), or
 * 1 and, from four fifths of the steps on, 0.1.
 * @param step 1 for the first
 * @param steps of the whole stage
 */
export function learningRateFactor(decay: Schedule['decay'], step: number, steps: number): number {
  const done = (step - 1) / steps;
  if (decay === 'step') return done < FALL_AT ? 1 : FALLEN;
  return 0.5 * (1 + Math.cos(Math.PI * done));
}
