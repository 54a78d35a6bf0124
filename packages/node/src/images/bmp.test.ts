import { isBigridError } from '@bigrid/errors';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeBmp } from './bmp.ts';
import { decodeImage } from './images.ts';

interface Parts {
  readonly width: number;
  /** Below zero: rows from top to bottom. */
  readonly height: number;
  readonly bits: number;
  readonly palette?: readonly number[];
  /** Rows as stored, each padded to 4 bytes. */
  readonly rows: readonly (readonly number[])[];
  readonly compression?: number;
}

function bmp({ width, height, bits, palette = [], rows, compression = 0 }: Parts): Buffer {
  const header = Buffer.alloc(54);
  header.write('BM', 'latin1');
  header.writeUInt32LE(54 + palette.length, 10);
  header.writeUInt32LE(40, 14);
  header.writeInt32LE(width, 18);
  header.writeInt32LE(height, 22);
  header.writeUInt16LE(1, 26);
  header.writeUInt16LE(bits, 28);
  header.writeUInt32LE(compression, 30);
  return Buffer.concat([header, Buffer.from(palette), Buffer.from(rows.flat())]);
}

const pixels = (bytes: Uint8Array) => [...decodeBmp(bytes, 'x.bmp').data];
const red = [255, 0, 0];
const green = [0, 255, 0];
const white = [255, 255, 255];

describe('decodeBmp', () => {
  const colour: Parts = {
    width: 2,
    height: 2,
    bits: 24,
    // Stored bottom first, blue first: green white / red red.
    rows: [
      [0, 255, 0, 255, 255, 255, 0, 0],
      [0, 0, 255, 0, 0, 255, 0, 0],
    ],
  };

  it('reads 24 bits, rows from the bottom up', async () => {
    expect(pixels(bmp(colour))).toEqual([...red, ...red, ...green, ...white]);
    expect(await decodeImage(bmp(colour), 'x')).toMatchObject({ width: 2, height: 2 });
  });

  it('reads rows from the top down', () => {
    expect(pixels(bmp({ ...colour, height: -2 }))).toEqual([...green, ...white, ...red, ...red]);
  });

  it('reads 32 bits without their fourth channel', () => {
    const rows = [[0, 0, 255, 0, 0, 255, 0, 7]];
    const parts = { width: 2, height: 1, bits: 32, rows };
    expect(pixels(bmp(parts))).toEqual([...red, ...green]);
    expect(pixels(bmp({ ...parts, compression: 3 }))).toEqual([...red, ...green]);
  });

  it('reads palettes of 1, 4 and 8 bits', () => {
    const palette = [0, 0, 255, 0, 255, 255, 255, 0];
    const base = { width: 3, height: 1, palette };
    const expected = [...white, ...red, ...white];
    expect(pixels(bmp({ ...base, bits: 1, rows: [[0b10100000, 0, 0, 0]] }))).toEqual(expected);
    expect(pixels(bmp({ ...base, bits: 4, rows: [[0x10, 0x10, 0, 0]] }))).toEqual(expected);
    expect(pixels(bmp({ ...base, bits: 8, rows: [[1, 0, 1, 0]] }))).toEqual(expected);
  });

  it.each([
    ['cut short', bmp(colour).subarray(0, -1), 'a cut one'],
    ['cut in its header', bmp(colour).subarray(0, 40), 'a cut header'],
    ['compressed', bmp({ ...colour, bits: 8, compression: 1 }), 'compression 1'],
    ['of 16 bits', bmp({ ...colour, bits: 16 }), '16'],
    ['without a width', bmp({ ...colour, width: 0 }), '0 x 2'],
  ])('refuses one %s', (_, bytes, received) => {
    expect(() => decodeBmp(bytes, 'x.bmp')).toThrow(
      expect.objectContaining({
        code: 'IMAGE_UNREADABLE',
        message: expect.stringMatching(new RegExp(`for x.bmp but received ${received}$`)),
      }),
    );
  });

  it('refuses a huge one by its header', () => {
    const bytes = bmp({ ...colour, width: 20_000, height: -20_000 });
    expect(() => decodeBmp(bytes, 'x.bmp')).toThrow(
      expect.objectContaining({ code: 'IMAGE_TOO_LARGE' }),
    );
  });

  it('answers any bytes with an image or an error of the registry', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 120 }), (tail) => {
        const bytes = bmp(colour);
        bytes.set(tail.subarray(0, bytes.length - 10), 10);
        try {
          decodeBmp(bytes, 'x');
        } catch (error) {
          expect(isBigridError(error)).toBe(true);
        }
      }),
    );
  });
});
