import { profiles } from '@bigrid/method';
import { describe, expect, it } from 'vitest';
import { mostImagesPerClass, stepsOf, tilesPerImage } from './steps.ts';

const { schedule } = profiles.fast;

describe('stepsOf', () => {
  it.each([
    ['few images, at least 60', 20, 1, 60],
    ['twenty epochs of more, in batches of 8', 60, 1, 150],
    ['until these take 240', 100, 1, 240],
    ['ten epochs of many', 300, 1, 375],
    ['many images, at most 480', 100_000, 1, 480],
    ['many images of three classes, at most 480 per class', 100_000, 3, 1440],
    ['few images of many classes', 20, 15, 60],
  ])('%s', (_, images, classes, steps) => {
    expect(stepsOf(schedule, images, classes, false)).toBe(steps);
  });

  it('takes the requested epochs, without limits', () => {
    expect(stepsOf({ ...schedule, epochs: 1 }, 20, 1, false)).toBe(3);
    expect(stepsOf({ ...schedule, epochs: 100 }, 1000, 1, false)).toBe(12_500);
  });

  it('sees no more than 3,840 images of one class, unless epochs are asked for', () => {
    expect(mostImagesPerClass(schedule)).toBe(3840);
    expect(mostImagesPerClass({ ...schedule, epochs: 1 })).toBe(Number.POSITIVE_INFINITY);
  });

  it('halves them for the published abnormal stage', () => {
    expect(stepsOf({ ...schedule, epochs: 2 }, 80, 1, true)).toBe(10);
  });
});

describe('tilesPerImage', () => {
  it.each([
    ['all, if there are few', 20, 1, 25, 25],
    ['as many as 480 steps of 8 see twice', 180, 1, 25, 10],
    ['as many per class', 180, 3, 25, 25],
    ['at least one', 100_000, 1, 25, 1],
    ['the one that there is', 10, 1, 1, 1],
  ])('is %s', (_, images, classes, tiles, expected) => {
    expect(tilesPerImage(schedule, images, classes, tiles)).toBe(expected);
  });
});
