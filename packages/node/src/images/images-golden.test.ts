import { readFileSync } from 'node:fs';
import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { decodeImage } from './images.ts';

interface Golden {
  readonly name: string;
  readonly file: string;
  readonly width: number;
  readonly height: number;
  readonly rgb: string;
  readonly tolerance: number;
}

const goldens: readonly Golden[] = JSON.parse(
  readFileSync(new URL('goldens/images.json', import.meta.url), 'utf8'),
);

// Files that Pillow wrote, and what it makes of them: tools/goldens/images.py.
describe.each(goldens)('$name, written by Pillow', ({ file, width, height, rgb, tolerance }) => {
  it('is the same 8-bit RGB', async () => {
    // A name decides nothing: the first bytes do.
    const image = await decodeImage(Buffer.from(file, 'base64'), 'named-wrongly.jpg');
    expect([image.width, image.height]).toEqual([width, height]);
    const expected = Buffer.from(rgb, 'base64');
    expect(largestDifference(image.data, expected)).toBeLessThanOrEqual(tolerance);
  });
});

describe('pages of a TIFF', () => {
  const { file, rgb: first } = goldens.find(({ name }) => name.startsWith('two pages')) as Golden;
  const bytes = Buffer.from(file, 'base64');

  it('are images of their own sizes', async () => {
    const second = await decodeImage(bytes, 'p', 1);
    expect([second.width, second.height]).toEqual([8, 4]);
    const inverted = Buffer.from(first, 'base64').map((value) => 255 - value);
    expect([...second.data]).toEqual([...inverted.subarray(0, 8 * 4 * 3)]);
  });

  it('are as many as there are', async () => {
    await expect(decodeImage(bytes, 'p.tif#3', 2)).rejects.toMatchObject({
      code: 'IMAGE_UNREADABLE',
      message: expect.stringContaining('p.tif#3'),
    });
    await expect(decodeImage(await sharp(bytes).png().toBuffer(), 'p', 1)).rejects.toMatchObject({
      code: 'IMAGE_UNREADABLE',
    });
  });
});

function largestDifference(a: Uint8Array, b: Uint8Array): number {
  expect(a.length).toBe(b.length);
  return a.reduce((worst, value, i) => Math.max(worst, Math.abs(value - (b[i] ?? 0))), 0);
}
