import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { turned, withGamma } from './turned.ts';

const square = (side: number) => ({
  width: side,
  height: side,
  data: Uint8Array.from({ length: 3 * side ** 2 }, (_, i) => (i * 37) % 256),
});

describe('a turned image', () => {
  it('is exact for quarter turns, and comes back after four', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 9 }), (side) => {
        const image = square(side);
        const quarter = turned(image, 90);
        // Counterclockwise: the upper right corner comes to the upper left.
        expect(quarter.data.slice(0, 3)).toEqual(image.data.slice(3 * (side - 1), 3 * side));
        const back = [90, 90, 90].reduce((last, degrees) => turned(last, degrees), quarter);
        expect(back.data).toEqual(image.data);
      }),
    );
  });

  it('keeps an even image even, whatever the angle and the aspect', () => {
    fc.assert(
      fc.property(fc.double({ min: -360, max: 360, noNaN: true }), (degrees) => {
        const image = { width: 8, height: 5, data: new Uint8Array(120).fill(91) };
        expect(new Set(turned(image, degrees, 2).data)).toEqual(new Set([91]));
      }),
    );
  });

  it('turns what was distorted in its true proportions', () => {
    // A bar of two rows in an image that is twice as wide as high: after a quarter turn it is one column wide.
    const data = new Uint8Array(3 * 16 ** 2);
    data.fill(255, 3 * 16 * 7, 3 * 16 * 9);
    const { data: bar } = turned({ width: 16, height: 16, data }, 90, 2);
    const row = Array.from({ length: 16 }, (_, x) => bar[3 * (8 * 16 + x)]);
    // In the middle, between two columns.
    expect(row).toEqual([0, 0, 0, 0, 0, 0, 0, 128, 128, 0, 0, 0, 0, 0, 0, 0]);
  });
});

it('darkens or brightens the mid-tones of an image, but neither black nor white', () => {
  const image = { width: 1, height: 1, data: Uint8Array.of(0, 128, 255) };
  expect([...withGamma(image, 1.15).data]).toEqual([0, 115, 255]);
  expect([...withGamma(image, 0.87).data]).toEqual([0, 140, 255]);
});
