import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { resizeMaskNearest } from './masks.ts';

interface Golden {
  source: [width: number, height: number];
  target: [width: number, height: number];
  /** Base64 of the bytes. */
  data: string;
  resized: string;
}

const goldens: Golden[] = JSON.parse(
  readFileSync(new URL('./goldens/masks.json', import.meta.url), 'utf8'),
);

describe('resizeMaskNearest', () => {
  it.each(goldens)('Pillow, $source to $target', ({ source, target, data, resized }) => {
    const [width, height] = source;
    const mask = { width, height, data: new Uint8Array(Buffer.from(data, 'base64')) };
    expect(resizeMaskNearest(mask, ...target).join('')).toBe(resized);
  });

  it('takes 128 for defect and 127 for good', () => {
    const mask = { width: 4, height: 1, data: Uint8Array.of(0, 127, 128, 255) };
    expect([...resizeMaskNearest(mask, 4, 1)]).toEqual([0, 0, 1, 1]);
  });

  it('takes the pixel under the centre when it shrinks', () => {
    const mask = { width: 3, height: 3, data: Uint8Array.of(0, 0, 0, 0, 255, 0, 0, 0, 0) };
    expect([...resizeMaskNearest(mask, 1, 1)]).toEqual([1]);
  });

  it.each([
    [0, 4, 'Expected an integer of at least 1 for width but received 0'],
    [4, 2.5, 'Expected an integer of at least 1 for height but received 2.5'],
  ])('refuses a target of %d x %d', (width, height, message) => {
    const mask = { width: 1, height: 1, data: Uint8Array.of(0) };
    expect(() => resizeMaskNearest(mask, width, height)).toThrow(
      expect.objectContaining({ code: 'OPTION_INVALID', message }),
    );
  });

  it('refuses data that does not fit the size', () => {
    const mask = { width: 2, height: 2, data: Uint8Array.of(0) };
    expect(() => resizeMaskNearest(mask, 1, 1)).toThrow(
      expect.objectContaining({
        code: 'GRAPH_SHAPE_MISMATCH',
        message: 'Expected 4 bytes for a mask of 2 x 2 but received 1',
      }),
    );
  });
});
