import { describe, expect, it } from 'vitest';
import { turnsAreNormal } from './orientation.ts';

// Ratios measured on images for training alone: docs/lab-notes/2026-11-28-does-it-lie-still.md.
describe('turned images are', () => {
  it('normal if a few lie as others do, as of ten screws', () => {
    const screws = [0.37, 0.37, 0.42, 0.54, 1.06, 1.15, 1.15, 1.18, 1.27, 1.37, 1.44, 1.65];
    expect(turnsAreNormal([...screws, 1.66, 1.74, 1.77, 2.01, 2.25, 2.26, 2.33, 2.45])).toBe(true);
  });

  it('not normal if all are further away, as of a round bottle in light from one side', () => {
    const bottles = [1.21, 1.23, 1.24, 1.3, 1.33, 1.34, 1.35, 1.37, 1.39, 1.42, 1.43, 1.47];
    expect(turnsAreNormal([...bottles, 1.47, 1.48, 1.49, 1.51, 1.54, 1.61, 1.65, 1.66])).toBe(
      false,
    );
  });

  it('not normal if one or two are so by chance, as of tiles with a texture', () => {
    const tiles = [1.05, 1.06, 1.17, 1.22, 1.26, 1.29, 1.81, 1.83, 1.94, 1.98, 2.14, 2.18, 2.46];
    const others = [2.76, 2.93, 3.01, 3.06, 3.17, 3.18, 3.2, 3.51, 3.51, 3.54, 3.63];
    expect(turnsAreNormal([...tiles, ...others])).toBe(false);
  });
});
