import { Random } from '@bigrid/method';
import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { recompressed } from './recompressed.ts';

/** Blurred stripes in colour, with noise. */
function scene(width: number, height: number) {
  const random = new Random(7);
  const data = Uint8Array.from({ length: 3 * width * height }, (_, at) => {
    const [x, y] = [Math.floor(at / 3) % width, Math.floor(at / 3 / width)];
    return 120 + 60 * Math.sin(x / 5 + (at % 3)) + 30 * Math.cos(y / 7) + random.uniform(-20, 20);
  });
  return { width, height, data };
}

describe('recompressed', () => {
  it('is what JPEG of quality 50 leaves, up to rounding', async () => {
    const image = scene(64, 48);
    const raw = { width: 64, height: 48, channels: 3 } as const;
    const jpeg = await sharp(image.data, { raw })
      .jpeg({ quality: 50, chromaSubsampling: '4:4:4' })
      .toBuffer();
    const expected = await sharp(jpeg).raw().toBuffer();
    const { data } = recompressed(image);
    const differences = Array.from(data, (value, at) => Math.abs(value - (expected[at] as number)));
    const mean = differences.reduce((sum, one) => sum + one) / differences.length;
    // Compression itself changes it by more than ten levels.
    const lost = Array.from(data, (value, at) => Math.abs(value - (image.data[at] as number)));
    expect(lost.reduce((sum, one) => sum + one) / lost.length).toBeGreaterThan(8);
    expect(mean).toBeLessThan(1);
  });

  it('leaves an even image and incomplete blocks as they are', () => {
    const even = { width: 16, height: 8, data: new Uint8Array(384).fill(128) };
    expect(recompressed(even).data).toEqual(even.data);
    const narrow = scene(7, 40);
    expect(recompressed(narrow).data).toEqual(narrow.data);
  });
});
