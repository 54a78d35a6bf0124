import { GIF_IMAGE, type GifBlock, gifBlocks } from './gif-blocks.ts';
import { lzwLength } from './lzw-length.ts';

/**
 * Finds damage in the first frame of a GIF that the decoder fills with background: invalid codes, and fewer pixels than the
 * frame has. Pixels are counted, not decoded.
 *
 * @returns a description of the damage for an error; undefined if there is none
 */
export function gifDamage(bytes: Uint8Array): string | undefined {
  const frame = firstFrame(bytes);
  if (frame === undefined) return 'no frame';
  const { start, data } = frame;
  const short = (at: number) => (bytes[at] ?? 0) | ((bytes[at + 1] ?? 0) << 8);
  const pixels = short(start + 5) * short(start + 7);
  const format = { valueBits: bytes[data - 1] ?? 0, isHighFirst: false, isEarly: false };
  const decoded = lzwLength(piecesFrom(bytes, data), format, pixels);
  return decoded < pixels ? `data for ${decoded} of ${pixels} pixels` : undefined;
}

function firstFrame(bytes: Uint8Array): GifBlock | undefined {
  for (const block of gifBlocks(bytes)) if (block.kind === GIF_IMAGE) return block;
  return undefined;
}

/** The concatenated data of a block. */
function piecesFrom(bytes: Uint8Array, data: number): Uint8Array {
  const pieces: Uint8Array[] = [];
  for (let at = data; (bytes[at] ?? 0) > 0; at += 1 + (bytes[at] ?? 0)) {
    pieces.push(bytes.subarray(at + 1, at + 1 + (bytes[at] ?? 0)));
  }
  return Buffer.concat(pieces);
}
