import type { Schedule } from '@bigrid/method';

/** When a step schedule lowers the learning rate, as a share of all steps: epoch 40 of the published 50. */
const FALL_AT = 0.8;
const FALLEN = 0.1;

/**
 * Factor on the learning rates at a step: from 1 to almost 0 along a cosine (Loshchilov & Hutter 2017), or 1 and, after
 * four fifths of the steps, 0.1.
 * @param step from 1
 * @param steps number of steps of the stage
 */
export function learningRateFactor(decay: Schedule['decay'], step: number, steps: number): number {
  const done = (step - 1) / steps;
  if (decay === 'step') return done < FALL_AT ? 1 : FALLEN;
  return 0.5 * (1 + Math.cos(Math.PI * done));
}
