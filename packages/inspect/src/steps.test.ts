import { profiles } from '@bigrid/method';
import { describe, expect, it } from 'vitest';
import { stepsOf } from './steps.ts';

const { schedule } = profiles.fast;

describe('stepsOf', () => {
  it.each([
    ['few pictures, at least 240', 20, 1, 240],
    ['ten epochs in batches of 8', 300, 1, 375],
    ['many pictures, at most 480', 100_000, 1, 480],
    ['many pictures of three classes, at most 480 a class', 100_000, 3, 1440],
    ['few pictures of many classes', 20, 15, 240],
  ])('%s', (_, pictures, classes, steps) => {
    expect(stepsOf(schedule, pictures, classes, false)).toBe(steps);
  });

  it('takes the epochs that are asked for, without limits', () => {
    expect(stepsOf({ ...schedule, epochs: 1 }, 20, 1, false)).toBe(3);
    expect(stepsOf({ ...schedule, epochs: 100 }, 1000, 1, false)).toBe(12_500);
  });

  it('halves them for the published abnormal stage', () => {
    expect(stepsOf({ ...schedule, epochs: 2 }, 80, 1, true)).toBe(10);
  });
});
