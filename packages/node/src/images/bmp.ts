import { fail } from '@bigrid/errors';
import type { Image } from '@bigrid/inspect';
import { assertSize } from './pixel-limit.ts';
import type { Raster } from './raster-damage.ts';

/** Bytes of BITMAPFILEHEADER, and of BITMAPINFOHEADER, the shortest header after it. */
const fileHeader = 14;
const infoHeader = 40;

/** Location and format of the pixels of a bitmap. */
interface Header {
  readonly width: number;
  readonly height: number;
  readonly bits: number;
  readonly isBottomUp: boolean;
  /** Byte offsets of the palette and of the first row, and bytes per row. */
  readonly palette: number;
  readonly first: number;
  readonly stride: number;
}

/**
 * Reads the header of a bitmap.
 * @param name names the image in errors
 * @throws IMAGE_UNREADABLE, IMAGE_TOO_LARGE
 */
export function readBmpHeader(bytes: Uint8Array, name: string): Header {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.byteLength < fileHeader + infoHeader) refuse(name, 'a whole image', 'a cut header');
  const headerSize = view.getUint32(14, true);
  if (headerSize < infoHeader)
    refuse(name, 'a header of Windows 3 or later', `${headerSize} bytes`);
  const width = view.getInt32(18, true);
  // Negative if the rows go from top to bottom.
  const signedHeight = view.getInt32(22, true);
  const height = Math.abs(signedHeight);
  if (width <= 0 || height === 0) refuse(name, 'a size above 0', `${width} x ${height}`);
  assertSize(name, width, height);
  const bits = view.getUint16(28, true);
  if (![1, 4, 8, 24, 32].includes(bits))
    refuse(name, '1, 4, 8, 24 or 32 bits per pixel', `${bits}`);
  const compression = view.getUint32(30, true);
  // 3 states masks for the channels of 32 bits, which nearly all writers keep in the usual order.
  if (compression !== 0 && !(compression === 3 && bits === 32)) {
    refuse(name, 'an uncompressed bitmap', `compression ${compression}`);
  }
  const first = view.getUint32(10, true);
  if (compression === 3 && !hasUsualMasks(view, first)) {
    refuse(name, 'channels in the order blue, green, red', 'a bitmap with other channel masks');
  }
  const stride = Math.ceil((width * bits) / 32) * 4;
  if (first + stride * height > bytes.byteLength) refuse(name, 'a whole image', 'a cut one');
  const palette = fileHeader + headerSize;
  return { width, height, bits, isBottomUp: signedHeight > 0, palette, first, stride };
}

/**
 * Decodes a Windows bitmap, which the cameras of many production lines write and sharp does not read, to 8-bit
 * RGB: 1, 4 or 8 bits per pixel with a palette, 24 or 32 without, uncompressed. The fourth channel of 32-bit bitmaps is
 * ignored: most writers leave it empty.
 *
 * @param name names the image in errors.
 * @throws IMAGE_UNREADABLE, IMAGE_TOO_LARGE
 */
export function decodeBmp(bytes: Uint8Array, name: string): Image {
  const { width, height, bits, isBottomUp, palette, first, stride } = readBmpHeader(bytes, name);
  const data = new Uint8Array(width * height * 3);
  for (let y = 0; y < height; y++) {
    const row = first + stride * (isBottomUp ? height - 1 - y : y);
    for (let x = 0; x < width; x++) {
      const at = bits >= 24 ? row + (x * bits) / 8 : palette + 4 * indexAt(bytes, row, x, bits);
      const to = (y * width + x) * 3;
      data[to] = bytes[at + 2] ?? 0;
      data[to + 1] = bytes[at + 1] ?? 0;
      data[to + 2] = bytes[at] ?? 0;
    }
  }
  return { width, height, data };
}

/** Location of the pixels, if they have at least 8 bits each. @throws IMAGE_UNREADABLE, IMAGE_TOO_LARGE */
export function bmpRaster(bytes: Uint8Array, name: string): Raster | undefined {
  const { height, bits, first, stride } = readBmpHeader(bytes, name);
  return bits < 8 ? undefined : { start: first, end: first + stride * height, stride };
}

/** The masks follow BITMAPINFOHEADER, as part of a longer header or by themselves; some writers leave them out. */
function hasUsualMasks(view: DataView, firstRow: number): boolean {
  const at = fileHeader + infoHeader;
  if (firstRow < at + 12 || view.byteLength < at + 12) return true;
  return [0xff0000, 0xff00, 0xff].every((mask, i) => view.getUint32(at + 4 * i, true) === mask);
}

/** The palette index of a pixel; the highest bits of a byte are the leftmost pixel. */
function indexAt(bytes: Uint8Array, row: number, x: number, bits: number): number {
  const position = x * bits;
  const byte = bytes[row + (position >> 3)] ?? 0;
  return (byte >> (8 - bits - (position & 7))) & ((1 << bits) - 1);
}

function refuse(name: string, expected: string, received: string): never {
  fail('IMAGE_UNREADABLE', `Expected ${expected} for ${name} but received ${received}`);
}
