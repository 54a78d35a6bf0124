import { crc32, deflateSync } from 'node:zlib';
import { isBigridError } from '@bigrid/errors';
import fc from 'fast-check';
import sharp, { type Sharp } from 'sharp';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { bitmap } from '../../testing/bitmap.ts';
import { decodeImage } from './images.ts';
import { pixelLimit } from './pixel-limit.ts';

/** 64 x 48 pixels of gentle gradients, which every lossy format keeps nearly as they are. */
function gradient(width = 64, height = 48): Uint8Array {
  const data = new Uint8Array(width * height * 3);
  for (let i = 0; i < width * height; i++) {
    data[i * 3] = Math.round(((i % width) / width) * 255);
    data[i * 3 + 1] = Math.round((Math.floor(i / width) / height) * 255);
    data[i * 3 + 2] = 128;
  }
  return data;
}

function rgb(data = gradient(), width = 64, height = 48): Sharp {
  return sharp(data, { raw: { width, height, channels: 3 } });
}

/** Wide 16-bit samples, all multiples of 257, so that scaling to 8 bits has one right answer. */
function wide(channels: 1 | 2 | 3 | 4, values: readonly number[]): Sharp {
  const data = Uint16Array.from(values, (value) => value * 257);
  return sharp(data, { raw: { width: values.length / channels, height: 1, channels } });
}

function chunk(type: string, data: Buffer): Buffer {
  const bytes = Buffer.alloc(12 + data.length);
  bytes.writeUInt32BE(data.length);
  bytes.write(type, 4, 'latin1');
  data.copy(bytes, 8);
  bytes.writeUInt32BE(crc32(bytes.subarray(4, 8 + data.length)), 8 + data.length);
  return bytes;
}

/** A PNG that claims a size and holds next to nothing. */
function pngStating(width: number, height: number): Buffer {
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header[8] = 8;
  header[9] = 2;
  return Buffer.concat([
    Buffer.from('89504e470d0a1a0a', 'hex'),
    chunk('IHDR', header),
    chunk('IDAT', deflateSync(Buffer.alloc(16))),
    chunk('IEND', Buffer.alloc(0)),
  ]);
}

function largestDifference(a: Uint8Array, b: Uint8Array): number {
  expect(a.length).toBe(b.length);
  return a.reduce((worst, value, i) => Math.max(worst, Math.abs(value - (b[i] ?? 0))), 0);
}

describe('decodeImage', () => {
  it.each([
    ['png', 0],
    ['tiff', 0],
    ['webp', 12],
    ['jpeg', 12],
    ['avif', 16],
    ['gif', 24],
  ] as const)('decodes %s to 8-bit RGB', async (format, tolerance) => {
    const lossless = format === 'tiff' ? { compression: 'lzw' as const } : { quality: 95 };
    const bytes = await rgb()
      .toFormat(format, format === 'png' || format === 'gif' ? {} : lossless)
      .toBuffer();
    const image = await decodeImage(bytes, 'p');
    expect([image.width, image.height]).toEqual([64, 48]);
    expect(largestDifference(image.data, gradient())).toBeLessThanOrEqual(tolerance);
    expect(Buffer.isBuffer(image.data)).toBe(false);
  });

  it('spreads grey over three channels', async () => {
    const bytes = await sharp(Uint8Array.of(0, 7, 200, 255), {
      raw: { width: 4, height: 1, channels: 1 },
    })
      .toColourspace('b-w')
      .png()
      .toBuffer();
    const { data } = await decodeImage(bytes, 'p');
    expect([...data]).toEqual([0, 0, 0, 7, 7, 7, 200, 200, 200, 255, 255, 255]);
  });

  it.each(['png', 'tiff'] as const)('scales 16-bit grey %s to 8 bits', async (format) => {
    const bytes = await wide(1, [0, 1, 128, 255])
      .toColourspace('grey16')
      .toFormat(format, format === 'tiff' ? { compression: 'lzw' } : {})
      .toBuffer();
    expect((await sharp(bytes).metadata()).depth).toBe('ushort');
    const { data } = await decodeImage(bytes, 'p');
    expect([...data]).toEqual([0, 0, 0, 1, 1, 1, 128, 128, 128, 255, 255, 255]);
  });

  it('scales 16-bit colour to 8 bits', async () => {
    const bytes = await wide(3, [10, 20, 250, 255, 0, 128]).toColourspace('rgb16').png().toBuffer();
    expect((await sharp(bytes).metadata()).depth).toBe('ushort');
    const { data } = await decodeImage(bytes, 'p');
    expect([...data]).toEqual([10, 20, 250, 255, 0, 128]);
  });

  it('lays transparency over black', async () => {
    const samples = Uint8Array.of(200, 100, 50, 255, 200, 100, 50, 0, 200, 100, 50, 128);
    const bytes = await sharp(samples, { raw: { width: 3, height: 1, channels: 4 } })
      .png()
      .toBuffer();
    const { data } = await decodeImage(bytes, 'p');
    expect([...data.subarray(0, 6)]).toEqual([200, 100, 50, 0, 0, 0]);
    expect(largestDifference(data.subarray(6), Uint8Array.of(100, 50, 25))).toBeLessThanOrEqual(1);
  });

  it('lays 16-bit transparency over black', async () => {
    const bytes = await wide(4, [200, 100, 50, 255, 200, 100, 50, 0])
      .toColourspace('rgb16')
      .png()
      .toBuffer();
    const { data } = await decodeImage(bytes, 'p');
    expect([...data]).toEqual([200, 100, 50, 0, 0, 0]);
  });

  it.each(['none', 'embedded'])('converts CMYK with profile %s to sRGB', async (profile) => {
    const source = sharp({
      create: { width: 8, height: 8, channels: 3, background: { r: 200, g: 40, b: 90 } },
    });
    if (profile === 'embedded') source.withIccProfile('cmyk');
    const bytes = await source.toColourspace('cmyk').jpeg({ quality: 100 }).toBuffer();
    expect((await sharp(bytes).metadata()).space).toBe('cmyk');
    const { data } = await decodeImage(bytes, 'p');
    expect(data.length).toBe(8 * 8 * 3);
    // Printing inks cannot show this red exactly.
    expect(largestDifference(data.subarray(0, 3), Uint8Array.of(200, 40, 90))).toBeLessThan(25);
  });

  it('applies a wide-gamut profile and keeps sRGB as it is', async () => {
    const source = { create: { width: 4, height: 4, channels: 3 as const, background: '#c8285a' } };
    for (const profile of ['p3', 'srgb']) {
      const bytes = await sharp(source).withIccProfile(profile).png().toBuffer();
      const { data } = await decodeImage(bytes, 'p');
      expect(largestDifference(data.subarray(0, 3), Uint8Array.of(200, 40, 90))).toBeLessThan(3);
    }
  });

  it.each([
    [3, [1, 0]],
    [6, [0, 1]],
    [8, [0, 1]],
  ] as const)('turns an image of EXIF orientation %i upright', async (orientation, where) => {
    // Left white, right black; turned by 180, 90 and 270 degrees.
    const halves = new Uint8Array(32 * 16 * 3).map((_, i) => ((i / 3) % 32 < 16 ? 255 : 0));
    const bytes = await rgb(halves, 32, 16).withMetadata({ orientation }).jpeg().toBuffer();
    const image = await decodeImage(bytes, 'p');
    expect([image.width, image.height]).toEqual(where[1] === 1 ? [16, 32] : [32, 16]);
    const first = image.data[0] ?? 0;
    expect(first > 127).toBe(orientation === 6);
  });

  it('takes the first page of an animation', async () => {
    const frames = await Promise.all(
      ['#ff0000', '#0000ff'].map((background) =>
        sharp({ create: { width: 8, height: 8, channels: 3, background } })
          .png()
          .toBuffer(),
      ),
    );
    const bytes = await sharp(frames, { join: { animated: true } })
      .gif()
      .toBuffer();
    expect((await sharp(bytes).metadata()).pages).toBe(2);
    const image = await decodeImage(bytes, 'p');
    expect([image.width, image.height]).toEqual([8, 8]);
    expect([...image.data.subarray(0, 3)]).toEqual([255, 0, 0]);
  });

  it('refuses 20,000 x 20,000 pixels from the header alone', async () => {
    const bytes = pngStating(20_000, 20_000);
    await decodeImage(bytes, 'big.png').catch(() => {});
    const start = performance.now();
    await expect(decodeImage(bytes, 'big.png')).rejects.toMatchObject({
      code: 'IMAGE_TOO_LARGE',
      message: `Expected at most ${pixelLimit()} pixels for big.png but received 20000 x 20000`,
    });
    expect(performance.now() - start).toBeLessThan(500);
  });

  it.each([
    ['a PNG', 'x.png', () => rgb().png().toBuffer()],
    [
      'one that lies on its side',
      'x.jpg',
      () => rgb().withMetadata({ orientation: 6 }).jpeg().toBuffer(),
    ],
    ['a bitmap', 'x.bmp', async () => bitmap(64, 48)],
  ])('asks for room for %s before it is decoded', async (_, name, make) => {
    const asked: number[] = [];
    const none = async (bytes: number) => {
      asked.push(bytes);
      throw new Error('no room');
    };
    await expect(decodeImage(await make(), name, 0, none)).rejects.toThrow('no room');
    expect(asked).toEqual([64 * 48 * 3]);
  });

  it('allows 100 million pixels and no more', async () => {
    await expect(decodeImage(pngStating(10_000, 10_001), 'p')).rejects.toMatchObject({
      code: 'IMAGE_TOO_LARGE',
    });
    // Within the limit: decoding begins, and finds that nothing is there.
    await expect(decodeImage(pngStating(10_000, 1), 'p')).rejects.toMatchObject({
      code: 'IMAGE_UNREADABLE',
    });
  });

  it.each([
    [100_000_000, 1],
    [1, 1_000_001],
    [1_000_001, 50],
  ])('refuses %i x %i pixels, for the longer side', async (width, height) => {
    const expected = {
      code: 'IMAGE_TOO_LARGE',
      message: `Expected at most 1000000 pixels per side for p but received ${width} x ${height}`,
    };
    await expect(decodeImage(pngStating(width, height), 'p')).rejects.toMatchObject(expected);
    const header = bitmap(1, 1);
    header.writeInt32LE(width, 18);
    header.writeInt32LE(height, 22);
    await expect(decodeImage(header, 'p')).rejects.toMatchObject(expected);
  });

  describe('with another limit', () => {
    afterEach(() => {
      vi.unstubAllEnvs();
    });

    it('takes more pixels where BIGRID_MAX_PIXELS allows them, and no more than it says', async () => {
      const png = await rgb().png().toBuffer();
      vi.stubEnv('BIGRID_MAX_PIXELS', String(64 * 48));
      expect((await decodeImage(png, 'p')).width).toBe(64);
      vi.stubEnv('BIGRID_MAX_PIXELS', String(64 * 48 - 1));
      await expect(decodeImage(png, 'p')).rejects.toMatchObject({ code: 'IMAGE_TOO_LARGE' });
      vi.stubEnv('BIGRID_MAX_PIXELS', '500000000');
      // Allowed now: decoding begins, and finds that nothing is there.
      await expect(decodeImage(pngStating(20_000, 20_000), 'p')).rejects.toMatchObject({
        code: 'IMAGE_UNREADABLE',
      });
    });

    it('wants a whole number', async () => {
      for (const text of ['0', '1e9', '-5', 'all']) {
        vi.stubEnv('BIGRID_MAX_PIXELS', text);
        await expect(decodeImage(await rgb().png().toBuffer(), 'p')).rejects.toMatchObject({
          code: 'OPTION_INVALID',
          message: expect.stringContaining(`BIGRID_MAX_PIXELS but received ${text}`),
        });
      }
    });
  });

  it.each([
    ['jpeg', {}],
    ['jpeg', { progressive: true }],
    ['png', {}],
    ['webp', {}],
    ['tiff', { compression: 'none' }],
    ['tiff', { compression: 'lzw' }],
    ['tiff', { compression: 'jpeg' }],
    ['avif', {}],
    ['gif', {}],
  ] as const)('refuses a %s (%o) that is cut short anywhere', async (format, options) => {
    const whole = await rgb(gradient(200, 150), 200, 150).toFormat(format, options).toBuffer();
    for (const share of [0.02, 0.3, 0.5, 0.8, 0.95]) {
      const cut = whole.subarray(0, Math.floor(whole.length * share));
      await expect(decodeImage(cut, 'cut'), `${format} at ${share}`).rejects.toMatchObject({
        code: 'IMAGE_UNREADABLE',
        message: expect.stringContaining('cut'),
      });
    }
  });

  it.each([
    ['an empty file', ''],
    ['text', 'this is not an image'],
    ['SVG or XML', '<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>'],
    ['PDF', '%PDF-1.7\n\x01'],
    ['HEIC', '\0\0\0\x18ftypheic\0\0\0\0mif1heic'],
    ['a Git LFS pointer', 'version https://git-lfs.github.com/spec/v1\n'],
    ['a file of another kind', '\x01\x02\x03'],
  ])('names %s instead of decoding it', async (kind, content) => {
    const error = await decodeImage(Buffer.from(content, 'latin1'), 'x.png').catch((e) => e);
    expect(error).toMatchObject({ code: 'IMAGE_UNREADABLE' });
    expect(error.message).toBe(
      `Expected one of PNG, JPEG, WebP, TIFF, AVIF, GIF, BMP for x.png but received ${kind}`,
    );
  });

  it('refuses floating-point values, whose range nobody knows', async () => {
    const bytes = await rgb().toColourspace('scrgb').tiff({ compression: 'none' }).toBuffer();
    expect((await sharp(bytes).metadata()).depth).toBe('float');
    await expect(decodeImage(bytes, 'p')).rejects.toMatchObject({ code: 'IMAGE_UNREADABLE' });
  });

  it('answers any bytes with an image or an error of the registry', async () => {
    const heads = ['', '89504e470d0a1a0a', 'ffd8ff', '474946383961', '49492a00', '4d4d002a'];
    const containers = ['52494646000000005745425056503820', '0000001c6674797061766966'];
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...heads, ...containers),
        fc.uint8Array({ maxLength: 400 }),
        async (head, tail) => {
          const bytes = Buffer.concat([Buffer.from(head, 'hex'), tail]);
          await decodeImage(bytes, 'p').catch((error) => expect(isBigridError(error)).toBe(true));
        },
      ),
      { numRuns: 200 },
    );
  });

  it('survives any single changed byte of a real image', async () => {
    const originals = await Promise.all(
      (['png', 'jpeg', 'webp', 'tiff', 'gif'] as const).map((format) =>
        rgb().toFormat(format).toBuffer(),
      ),
    );
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...originals),
        fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
        fc.integer({ min: 1, max: 255 }),
        async (original, place, change) => {
          const bytes = Buffer.from(original);
          const at = Math.floor(place * bytes.length);
          bytes[at] = (bytes[at] ?? 0) ^ change;
          const image = await decodeImage(bytes, 'p').catch((error) => {
            expect(isBigridError(error)).toBe(true);
          });
          if (image !== undefined) {
            expect(image.data.length).toBe(image.width * image.height * 3);
          }
        },
      ),
      { numRuns: 200 },
    );
  });
});
