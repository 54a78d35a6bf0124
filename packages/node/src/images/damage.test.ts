import sharp, { type Sharp } from 'sharp';
import { beforeAll, describe, expect, it } from 'vitest';
import { bitmap } from '../../testing/bitmap.ts';
import { decodeImage } from './images.ts';

const [WIDTH, HEIGHT] = [240, 200];

/** Pixels like those of a camera: shading, an edge, noise from a fixed sequence. */
function photograph(): Uint8Array<ArrayBuffer> {
  let state = 1;
  return Uint8Array.from({ length: WIDTH * HEIGHT * 3 }, (_, i) => {
    state = (state * 1_103_515_245 + 12_345) & 0x7fffffff;
    const [x, y] = [Math.floor(i / 3) % WIDTH, Math.floor(i / 3 / WIDTH)];
    return 70 + (x + y) / 4 + (x > 90 ? 40 : 0) + ((state >> 16) % 9);
  });
}

function rgb(data: Uint8Array<ArrayBuffer>, width = WIDTH, height = HEIGHT): Sharp {
  return sharp(data, { raw: { width, height, channels: 3 } });
}

type Encode = (data: Uint8Array<ArrayBuffer>) => Promise<Buffer>;

const encoders = {
  JPEG: (data) => rgb(data).jpeg({ quality: 97 }).toBuffer(),
  'JPEG with tables of its own': (data) => rgb(data).jpeg({ optimiseCoding: true }).toBuffer(),
  'progressive JPEG': (data) => rgb(data).jpeg({ quality: 97, progressive: true }).toBuffer(),
  PNG: (data) => rgb(data).png().toBuffer(),
  GIF: (data) => rgb(data).gif().toBuffer(),
  BMP: async (data) => bitmap(WIDTH, HEIGHT, data),
  WebP: (data) => rgb(data).webp({ quality: 97, effort: 0 }).toBuffer(),
  'lossless WebP': (data) => rgb(data).webp({ lossless: true, effort: 0 }).toBuffer(),
  'plain TIFF': (data) => rgb(data).tiff({ compression: 'none' }).toBuffer(),
  'TIFF with LZW': (data) => rgb(data).tiff({ compression: 'lzw' }).toBuffer(),
  'TIFF with LZW in tiles': (data) =>
    rgb(data).tiff({ compression: 'lzw', tile: true, tileWidth: 96, tileHeight: 96 }).toBuffer(),
  'TIFF with WebP in tiles': (data) =>
    rgb(data).tiff({ compression: 'webp', quality: 97, tile: true }).toBuffer(),
  'TIFF with Deflate': (data) => rgb(data).tiff({ compression: 'deflate' }).toBuffer(),
  'TIFF with PackBits': (data) => rgb(data).tiff({ compression: 'packbits' }).toBuffer(),
  'TIFF with JPEG': (data) =>
    rgb(data).tiff({ compression: 'jpeg', quality: 97, tile: true }).toBuffer(),
  AVIF: (data) => rgb(data).avif({ effort: 0, quality: 90 }).toBuffer(),
} satisfies Record<string, Encode>;

function zeroed(bytes: Uint8Array, from: number, to?: number): Buffer {
  return Buffer.from(bytes).fill(0, Math.floor(from), to === undefined ? to : Math.floor(to));
}

/** Never written to the end, or without a block in the middle. Places are odd, so that they are no place of a row. */
function damaged(bytes: Buffer): Record<string, Buffer> {
  const hole = Math.min(4096, Math.floor(bytes.length / 4));
  const holes = [0.27, 0.51, 0.72].map((share) => {
    const at = Math.floor(bytes.length * share);
    return [`a hole at ${share}`, zeroed(bytes, at, at + hole)];
  });
  return {
    'a cut at 0.9': bytes.subarray(0, Math.floor(bytes.length * 0.9)),
    'zeros from 0.51 on': zeroed(bytes, bytes.length * 0.51),
    'zeros from 0.83 on': zeroed(bytes, bytes.length * 0.83),
    ...Object.fromEntries(holes),
  };
}

describe.each(Object.entries<Encode>(encoders))('%s', (_, encode) => {
  let whole: Buffer;
  beforeAll(async () => {
    whole = await encode(photograph());
  });

  it('is decoded where it is whole, also with bytes after its end', async () => {
    const { data } = await decodeImage(whole, 'whole');
    const after = Buffer.concat([whole, Buffer.alloc(5000)]);
    expect((await decodeImage(after, 'whole')).data).toEqual(data);
  });

  it('is refused where a part was not written', async () => {
    const answers = Object.entries(damaged(whole)).map(async ([damage, bytes]) => [
      damage,
      await decodeImage(bytes, 'torn').then(
        () => 'decoded',
        ({ code, message }) => (message.includes('torn') ? code : message),
      ),
    ]);
    const refused = Object.keys(damaged(whole)).map((damage) => [damage, 'IMAGE_UNREADABLE']);
    expect(await Promise.all(answers)).toEqual(refused);
  });

  it('is decoded where it is black, white, or black around a part', async () => {
    for (const value of [0, 255]) {
      await decodeImage(await encode(photograph().fill(value)), 'flat');
    }
    const part = photograph().map((value, i) => {
      const [x, y] = [Math.floor(i / 3) % WIDTH, Math.floor(i / 3 / WIDTH)];
      // Its edges lean by a pixel over their length.
      return x > 40 && x < 200 && y > 60 + x / 160 && y < 130 + x / 160 ? value : 0;
    });
    await decodeImage(await encode(part), 'part');
    const bars = photograph().map((value, i) => (i < WIDTH * 3 * 120 ? value : 0));
    await decodeImage(await encode(bars), 'bars');
  });
});

describe('checksums', () => {
  const flipped = (bytes: Buffer, at: number) => {
    const changed = Buffer.from(bytes);
    changed[at] = (changed[at] ?? 0) ^ 1;
    return changed;
  };

  it('are heeded in a TIFF with Deflate, whose decoder does not look at them', async () => {
    const bytes = await encoders['TIFF with Deflate'](photograph());
    for (const share of [0.2, 0.4, 0.6]) {
      const changed = flipped(bytes, Math.floor(bytes.length * share));
      await expect(decodeImage(changed, 'p'), `${share}`).rejects.toMatchObject({
        code: 'IMAGE_UNREADABLE',
      });
    }
  });

  it('are heeded in all chunks of a PNG', async () => {
    const bytes = await rgb(photograph())
      .withExif({ IFD0: { ImageDescription: 'line 4' } })
      .png()
      .toBuffer();
    await decodeImage(bytes, 'p');
    await expect(decodeImage(flipped(bytes, bytes.indexOf('line 4')), 'p')).rejects.toMatchObject({
      message: expect.stringContaining('does not match its checksum'),
    });
  });
});

describe('what is no damage', () => {
  /** A JPEG with bytes put in before its last `before` bytes, or after its first two. */
  const withBytes = (jpeg: Buffer, added: Uint8Array, before = jpeg.length - 2) =>
    Buffer.concat([jpeg.subarray(0, -before), added, jpeg.subarray(-before)]);

  it.each([false, true])(
    'padding before the end of a JPEG (progressive: %s)',
    async (progressive) => {
      const jpeg = await rgb(photograph()).jpeg({ progressive }).toBuffer();
      const { data } = await decodeImage(jpeg, 'p');
      for (const padding of [1, 7, 16, 60]) {
        const padded = withBytes(jpeg, new Uint8Array(padding), 2);
        expect((await decodeImage(padded, `${padding}`)).data).toEqual(data);
      }
      const filled = withBytes(jpeg, new Uint8Array(5).fill(0xff), 2);
      expect((await decodeImage(filled, 'p')).data).toEqual(data);
    },
  );

  it('long padding, after all blocks', async () => {
    const jpeg = await rgb(photograph()).jpeg().toBuffer();
    const padded = withBytes(jpeg, new Uint8Array(2000), 2);
    expect((await decodeImage(padded, 'p')).data).toEqual((await decodeImage(jpeg, 'p')).data);
  });

  it('a sloppy header of a JPEG', async () => {
    const jpeg = await rgb(photograph()).jpeg().toBuffer();
    const { data } = await decodeImage(jpeg, 'p');
    const adobe = Buffer.from([0xff, 0xee, 0, 14, ...Buffer.from('Adobe'), 0, 100, 0, 0, 0, 0, 9]);
    expect((await decodeImage(withBytes(jpeg, adobe), 'p')).data).toEqual(data);
    const scan = jpeg.indexOf(Buffer.from([0xff, 0xda]));
    const parameters = scan + 5 + 2 * (jpeg[scan + 4] ?? 0);
    const wrong = Buffer.from(jpeg).fill(0, parameters, parameters + 3);
    expect((await decodeImage(wrong, 'p')).data).toEqual(data);
  });

  it.each(['jpeg', 'webp'] as const)('runs of zeros of a large flat %s', async (format) => {
    const flat = sharp({ create: { width: 1600, height: 1600, channels: 3, background: 'white' } });
    const options = format === 'jpeg' ? { optimiseCoding: true } : { quality: 80 };
    const bytes = await flat.toFormat(format, options).toBuffer();
    expect(bytes.includes(Buffer.alloc(100))).toBe(true);
    expect((await decodeImage(bytes, 'p')).data.every((value) => value === 255)).toBe(true);
  });
});

describe('pixels without compression', () => {
  const stride = WIDTH * 3;

  /** A bitmap with zeros between two of its bytes. */
  const torn = (from: number, to: number) => zeroed(bitmap(WIDTH, HEIGHT, photograph()), from, to);

  it('may end with whole black rows, but not within a row', async () => {
    const rows = 54 + stride * 60;
    const end = 54 + stride * HEIGHT;
    await decodeImage(torn(rows, end), 'p');
    await decodeImage(torn(rows - 3, end), 'p');
    for (const offset of [100, 333, 600]) {
      await expect(decodeImage(torn(rows + offset, end), 'p')).rejects.toMatchObject({
        message: expect.stringMatching(/received \d+ zero bytes in place of pixels$/),
      });
    }
  });

  it('may end a little early only where no sector begins', async () => {
    const end = 54 + stride * HEIGHT;
    const sector = Math.floor((end - stride * 8) / 512) * 512;
    await decodeImage(torn(sector + 60, end), 'p');
    await expect(decodeImage(torn(sector, end), 'p')).rejects.toMatchObject({
      code: 'IMAGE_UNREADABLE',
    });
  });
});
