import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Random } from './random.ts';
import { drawTexture } from './texture.ts';

const side = 32;
const drawn = (seed: number) => drawTexture(new Random(seed), side);
const seeds = fc.integer({ min: 0, max: 1e6 });

describe('drawTexture', () => {
  it('is a picture, the same for the same seed', () => {
    fc.assert(
      fc.property(seeds, (seed) => {
        const pixels = drawn(seed);
        expect(pixels.length).toBe(side * side * 3);
        expect(drawn(seed)).toEqual(pixels);
      }),
      { numRuns: 40 },
    );
  });

  it('is hardly ever plain', () => {
    const plain = Array.from({ length: 60 }, (_, seed) => drawn(seed)).filter((pixels) =>
      pixels.every((value, at) => value === pixels[at % 3]),
    );
    expect(plain.length).toBeLessThan(6);
  });

  it('has colour in some, and none in others', () => {
    const isGrey = Array.from({ length: 60 }, (_, seed) => {
      const pixels = drawn(seed);
      return pixels.every((value, at) => value === pixels[at - (at % 3)]);
    });
    const share = isGrey.filter(Boolean).length / isGrey.length;
    expect(share).toBeGreaterThan(0.2);
    expect(share).toBeLessThan(0.6);
  });

  it('is fine in some, and coarse in others', () => {
    // How far neighbours differ, as a share of how far any two pixels do.
    const roughness = Array.from({ length: 60 }, (_, seed) => {
      const pixels = drawn(seed);
      const difference = (distance: number) =>
        pixels
          .slice(3 * distance)
          .reduce((sum, value, at) => sum + Math.abs(value - (pixels[at] as number)), 0);
      return difference(1) / Math.max(1, difference(11));
    });
    expect(Math.min(...roughness)).toBeLessThan(0.4);
    expect(Math.max(...roughness)).toBeGreaterThan(0.9);
  });
});
