import { GIF_TRAILER, gifBlocks } from './gif-blocks.ts';
import { jpegStructure } from './jpeg-structure.ts';

/** A marker that ends a JPEG, and one that starts the next. */
const jpegEnd = Buffer.from([0xff, 0xd9]);
const jpegStart = Buffer.from([0xff, 0xd8]);
const PNG_SIGNATURE = 8;
/** Length, type and checksum of a chunk. */
const PNG_CHUNK = 12;

/**
 * Finds where an image at the start of the bytes ends.
 * @param searched number of bytes already searched without finding the end
 * @returns undefined if the end is not among the bytes
 */
type FindEnd = (bytes: Buffer, searched: number) => number | undefined;

/** Formats that mark their end, so that another image may follow. */
export const selfEnding: ReadonlyMap<string, FindEnd> = new Map<string, FindEnd>([
  ['JPEG', endOfJpeg],
  ['PNG', endOfPng],
  ['BMP', endOfBmp],
  ['GIF', endOfGif],
  ['WebP', (bytes) => within(bytes, 8 + evened(bytes.readUInt32LE(4)))],
]);

function endOfJpeg(bytes: Buffer, searched: number): number | undefined {
  // Parse segments only if there is an end marker, which may also be that of an embedded thumbnail.
  const from = Math.max(2, searched - 1);
  if (!bytes.includes(jpegEnd, from) && !bytes.includes(jpegStart, from)) return undefined;
  return jpegStructure(bytes).next;
}

function endOfPng(bytes: Buffer): number | undefined {
  let at = PNG_SIGNATURE;
  while (at + PNG_CHUNK <= bytes.length) {
    const isLast = bytes.toString('latin1', at + 4, at + 8) === 'IEND';
    at += PNG_CHUNK + bytes.readUInt32BE(at);
    if (isLast) return within(bytes, at);
  }
  return undefined;
}

function endOfGif(bytes: Buffer): number | undefined {
  for (const { kind, end } of gifBlocks(bytes)) {
    if (kind === GIF_TRAILER) return within(bytes, end);
  }
  return undefined;
}

/** Computed from the pixels: the file size in the header is often wrong. */
function endOfBmp(bytes: Buffer): number | undefined {
  if (bytes.length < 54) return undefined;
  const [first, width, height] = [10, 18, 22].map((at) => bytes.readInt32LE(at)) as [
    number,
    number,
    number,
  ];
  const stride = Math.ceil((width * bytes.readUInt16LE(28)) / 32) * 4;
  return within(bytes, first + stride * Math.abs(height));
}

function evened(length: number): number {
  return length + (length % 2);
}

function within(bytes: Buffer, end: number): number | undefined {
  return end > 0 && end <= bytes.length ? end : undefined;
}
