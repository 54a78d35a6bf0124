import { lzwLength } from './lzw-length.ts';

const IMAGE = 0x2c;
const EXTENSION = 0x21;

/**
 * Finds damage in the first frame of a GIF that the decoder fills with background: codes that do not exist, and fewer pixels
 * than the frame has. Pixels are counted, not decoded.
 *
 * @returns what is wrong, in words for an error; undefined where nothing is
 */
export function gifDamage(bytes: Uint8Array): string | undefined {
  const at = firstImage(bytes);
  if (at === undefined) return 'no frame';
  const short = (offset: number) => (bytes[offset] ?? 0) | ((bytes[offset + 1] ?? 0) << 8);
  const pixels = short(at + 5) * short(at + 7);
  const flags = bytes[at + 9] ?? 0;
  const start = at + 10 + colourTable(flags);
  const format = { valueBits: bytes[start] ?? 0, isHighFirst: false, isEarly: false };
  const decoded = lzwLength(blocksFrom(bytes, start + 1), format, pixels);
  if (decoded >= pixels) return undefined;
  return `data for ${decoded} of ${pixels} pixels`;
}

/** Where the descriptor of the first frame is. */
function firstImage(bytes: Uint8Array): number | undefined {
  let at = 13 + colourTable(bytes[10] ?? 0);
  while (at < bytes.length) {
    if (bytes[at] === IMAGE) return at;
    if (bytes[at] !== EXTENSION) return undefined;
    at += 2;
    for (let size = bytes[at] ?? 0; size > 0; size = bytes[at] ?? 0) at += 1 + size;
    at++;
  }
  return undefined;
}

/** Bytes of a colour table. */
function colourTable(flags: number): number {
  return flags & 0x80 ? 3 << ((flags & 7) + 1) : 0;
}

/** The blocks of a frame's data, put together. */
function blocksFrom(bytes: Uint8Array, start: number): Uint8Array {
  const blocks: Uint8Array[] = [];
  let at = start;
  for (let size = bytes[at] ?? 0; size > 0; size = bytes[at] ?? 0) {
    blocks.push(bytes.subarray(at + 1, at + 1 + size));
    at += 1 + size;
  }
  return Buffer.concat(blocks);
}
