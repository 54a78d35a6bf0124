import { profiles } from '@bigrid/method';
import { describe, expect, it } from 'vitest';
import { mostPicturesAClass, stepsOf, tilesAPicture } from './steps.ts';

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

  it('sees no more than 3,840 pictures of one class, unless epochs are asked for', () => {
    expect(mostPicturesAClass(schedule)).toBe(3840);
    expect(mostPicturesAClass({ ...schedule, epochs: 1 })).toBe(Number.POSITIVE_INFINITY);
  });

  it('halves them for the published abnormal stage', () => {
    expect(stepsOf({ ...schedule, epochs: 2 }, 80, 1, true)).toBe(10);
  });
});

describe('tilesAPicture', () => {
  it.each([
    ['all, where they are few', 20, 1, 25, 25],
    ['as many as 480 steps of 8 see twice', 180, 1, 25, 10],
    ['as many a class', 180, 3, 25, 25],
    ['one at least', 100_000, 1, 25, 1],
    ['the one that there is', 10, 1, 1, 1],
  ])('is %s', (_, pictures, classes, tiles, expected) => {
    expect(tilesAPicture(schedule, pictures, classes, tiles)).toBe(expected);
  });
});
