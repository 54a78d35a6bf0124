import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { entryOf, imageFromBytes, imageFromRaw, type PixelFormat } from './image-input.ts';

const width = 3;
const height = 2;
/** Red, green, blue and alpha of six pixels. */
const pixels = [
  [255, 0, 0, 255],
  [0, 255, 0, 255],
  [0, 0, 255, 255],
  [10, 20, 30, 128],
  [200, 100, 50, 0],
  [77, 77, 77, 255],
] as const;
const orders: Readonly<Record<PixelFormat, readonly number[]>> = {
  rgb: [0, 1, 2],
  bgr: [2, 1, 0],
  rgba: [0, 1, 2, 3],
  bgra: [2, 1, 0, 3],
  grey: [0],
};

/** The pixels in a format, each row followed by `padding` bytes. */
function bytesOf(format: PixelFormat, padding = 0): Uint8Array {
  const row = (y: number) =>
    pixels
      .slice(y * width, (y + 1) * width)
      .flatMap((pixel) => orders[format].map((channel) => pixel[channel] as number));
  return Uint8Array.from([0, 1].flatMap((y) => [...row(y), ...new Array(padding).fill(99)]));
}

const read = async (format: PixelFormat, padding = 0) => {
  const stride = padding > 0 ? { stride: width * orders[format].length + padding } : {};
  return imageFromRaw({ data: bytesOf(format, padding), width, height, format, ...stride }).read();
};

describe('imageFromRaw', () => {
  it.each(['rgb', 'bgr'] as const)('reads %s', async (format) => {
    const rgb = { width, height, data: bytesOf('rgb') };
    expect(await read(format)).toEqual(rgb);
    expect(await read(format, 5)).toEqual(rgb);
  });

  it.each(['rgba', 'bgra'] as const)('blends %s with black as a PNG of it', async (format) => {
    const raw = { width, height, channels: 4 } as const;
    const png = await sharp(bytesOf('rgba'), { raw }).png().toBuffer();
    const expected = await imageFromBytes(png).read();
    expect(await read(format)).toEqual(expected);
    expect(await read(format, 1)).toEqual(expected);
  });

  it('spreads grey over the channels', async () => {
    const grey = pixels.flatMap(([value]) => [value, value, value]);
    expect(await read('grey')).toEqual({ width, height, data: Uint8Array.from(grey) });
  });

  it('takes a last row without its padding, and memory of a canvas', async () => {
    const data = bytesOf('bgr', 4);
    const short = { data: data.subarray(0, -4), width, height, format: 'bgr', stride: 13 } as const;
    expect((await imageFromRaw(short).read()).data).toEqual(bytesOf('rgb'));
    const clamped = { data: new Uint8ClampedArray(bytesOf('rgb')), width, height } as const;
    const entry = imageFromRaw({ ...clamped, format: 'rgb', name: 'line 3' });
    expect(entry.path).toBe('line 3');
    expect((await entry.read()).data).toEqual(bytesOf('rgb'));
  });

  it.each<[object, RegExp]>([
    [
      { format: 'rgbx' },
      /^Expected one of rgb, bgr, rgba, bgra, grey for format but received rgbx/,
    ],
    [{ format: undefined }, /for format but received undefined/],
    [{ width: 0 }, /^Expected a whole number of at least 1 for width but received 0/],
    [{ height: 1.5 }, /for height but received 1.5/],
    [{ width: '3' }, /for width/],
    [{ stride: 8 }, /^Expected at least 9 bytes per row of rgb for stride but received 8/],
    [{ stride: Number.NaN }, /for stride/],
    [{ data: [1, 2, 3] }, /^Expected a Uint8Array for data but received Array/],
    [{ data: new Float32Array(18) }, /for data but received Float32Array/],
    [{ data: new Uint8Array(17) }, /^Expected 18 bytes of rgb, 3 x 2, for data but received 17/],
    [{ format: 'rgba' }, /^Expected 24 bytes of rgba, 3 x 2, for data but received 18/],
    [{ stride: 12 }, /^Expected 21 to 24 bytes of rgb, 3 x 2, for data but received 18/],
  ])('refuses sizes that do not fit: %j', (odd, message) => {
    const frame = { data: bytesOf('rgb'), width, height, format: 'rgb', ...odd };
    expect(() => imageFromRaw(frame as never)).toThrow(
      expect.objectContaining({ code: 'OPTION_INVALID', message: expect.stringMatching(message) }),
    );
  });

  it('refuses more pixels than are allowed', () => {
    const data = new Uint8Array(1_000_001);
    expect(() => imageFromRaw({ data, width: 1_000_001, height: 1, format: 'grey' })).toThrow(
      expect.objectContaining({ code: 'IMAGE_TOO_LARGE' }),
    );
  });
});

describe('imageFromBytes', () => {
  it('names the image in its errors', async () => {
    const { path, read } = imageFromBytes(Uint8Array.of(1, 2, 3), { name: 'upload 7' });
    expect(path).toBe('upload 7');
    await expect(read()).rejects.toThrow(
      expect.objectContaining({
        code: 'IMAGE_UNREADABLE',
        message: expect.stringContaining('upload 7'),
      }),
    );
  });
});

describe('entryOf', () => {
  it('reads a path, bytes, a frame, and gives an entry back', () => {
    const entry = imageFromBytes(new Uint8Array(1));
    expect(entryOf('a.png').path).toBe('a.png');
    expect(entryOf(new Uint8Array(1)).path).toBe('image');
    expect(entryOf({ data: bytesOf('rgb'), width, height, format: 'rgb' }).path).toBe('frame');
    expect(entryOf(entry)).toBe(entry);
  });

  it.each([undefined, null, 7, '', 'a\0b', {}, { path: 'a.png' }, [new Uint8Array(1)]])(
    'refuses what is no image: %j',
    (odd) => {
      expect(() => entryOf(odd as never)).toThrow(
        expect.objectContaining({
          code: 'OPTION_INVALID',
          message: expect.stringMatching(/^Expected a path.* for image but received /),
        }),
      );
    },
  );
});
