import { describe, expect, it } from 'vitest';
import { DataFolder } from '../../testing/data-folder.ts';
import { plainTiff, type TiffTags } from '../../testing/plain-tiff.ts';
import { decodeImage, readMask } from './images.ts';

const [WIDTH, HEIGHT] = [16, 12];
const RGB = 2;
const GREY = 1;
const CMYK = 5;
const unspecified = { extra: [0] };
const alpha = { extra: [2] };

/** Samples of pixels: `colours` of them that tell pixels apart, then others. */
function samples(colours: number, others: readonly number[] = []): Uint8Array {
  const pixels = Array.from({ length: WIDTH * HEIGHT }, (_, i) => [
    ...Array.from({ length: colours }, (_, c) => 40 + ((i * (3 + c)) % 200)),
    ...others,
  ]);
  return Uint8Array.from(pixels.flat());
}

const tiff = (tags: TiffTags, data: Uint8Array) => plainTiff(WIDTH, HEIGHT, tags, data);

async function decoded(tags: TiffTags, data: Uint8Array): Promise<Uint8Array> {
  return (await decodeImage(tiff(tags, data), 'p')).data;
}

/** Each sample in two bytes, the higher one the same. */
function wide(data: Uint8Array): Uint8Array {
  return Uint8Array.from([...data].flatMap((value) => [99, value]));
}

describe('an extra sample', () => {
  it.each([
    ['grey', GREY, 1],
    ['RGB', RGB, 3],
    ['CMYK', CMYK, 4],
  ])('is left out where nothing says that it is alpha: %s', async (_, photometric, colours) => {
    const plain = await decoded({ photometric, samples: colours }, samples(colours));
    for (const other of [0, 100, 255]) {
      const data = samples(colours, [other]);
      const tags = { photometric, samples: colours + 1 };
      expect(await decoded({ ...tags, ...unspecified }, data)).toEqual(plain);
      // As some writers do, against the rules.
      expect(await decoded(tags, data)).toEqual(plain);
    }
  });

  it('is left out of 16 bits as well', async () => {
    const tags = { photometric: RGB, samples: 4, bits: 16, ...unspecified } as const;
    expect(await decoded(tags, wide(samples(3, [7])))).toEqual(samples(3));
  });

  it('is left out of masks', async () => {
    const data = await DataFolder.make();
    const bytes = tiff({ photometric: GREY, samples: 2, ...unspecified }, samples(1, [0]));
    await data.write('mask.tif', bytes);
    expect((await readMask(data.at('mask.tif'))).data).toEqual(samples(1));
    await data.remove();
  });

  it('is laid over black where it is alpha', async () => {
    const tags = { photometric: RGB, samples: 4, ...alpha };
    expect(await decoded(tags, samples(3, [255]))).toEqual(samples(3));
    expect((await decoded(tags, samples(3, [0]))).every((value) => value === 0)).toBe(true);
    const half = await decoded(tags, samples(3, [128]));
    const expected = samples(3).map((value) => Math.round((value * 128) / 255));
    expect(half.every((value, i) => Math.abs(value - (expected[i] ?? 0)) <= 1)).toBe(true);
  });

  it('has been multiplied with already where it is associated alpha', async () => {
    const colours = samples(3).map((value) => value / 2);
    const data = samples(3, [128]).map((value, i) => (i % 4 === 3 ? value : value / 2));
    const given = await decoded({ photometric: RGB, samples: 4, extra: [1] }, data);
    expect(given.every((value, i) => Math.abs(value - (colours[i] ?? 0)) <= 1)).toBe(true);
  });
});

describe('what would be decoded to wrong colours is refused by name', () => {
  it.each([
    [
      'YCbCr without compression',
      { photometric: 6, samples: 3 },
      'YCbCr only with JPEG compression for p but received YCbCr with another or none',
    ],
    [
      'the mosaic of a sensor',
      { photometric: 32_803, samples: 1 },
      'RGB, grey, palette, CMYK or L*a*b* for p but received colours of kind 32803',
    ],
    [
      'linear raw values',
      { photometric: 34_892, samples: 3 },
      'RGB, grey, palette, CMYK or L*a*b* for p but received colours of kind 34892',
    ],
    [
      'a compression that the decoder lacks',
      { photometric: RGB, samples: 3, compression: 50_000 },
      'LZW, Deflate, PackBits, JPEG, WebP, CCITT or no compression for p but received compression 50000',
    ],
    [
      'two more samples',
      { photometric: RGB, samples: 5, extra: [0, 2] },
      'RGB and one more sample for p but received 2 more',
    ],
  ])('%s', async (_, tags, message) => {
    await expect(decoded(tags, samples(tags.samples))).rejects.toMatchObject({
      code: 'IMAGE_UNREADABLE',
      message: `Expected ${message}`,
    });
  });
});
