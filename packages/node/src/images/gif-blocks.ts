export const GIF_IMAGE = 0x2c;
export const GIF_TRAILER = 0x3b;
const EXTENSION = 0x21;
const HEADER = 13;
const DESCRIPTOR = 10;

/** A block of a GIF: an extension, an image or the trailer. */
export interface GifBlock {
  readonly kind: number;
  readonly start: number;
  /** Offset of its data: sub-blocks of up to 255 bytes, each preceded by its length. */
  readonly data: number;
  readonly end: number;
}

/** Iterates over the blocks of a GIF; stops at the trailer, at the end of the bytes, or at an invalid block. */
export function* gifBlocks(bytes: Uint8Array): Generator<GifBlock> {
  let at = HEADER + colourTable(bytes[HEADER - 3] ?? 0);
  while (at < bytes.length) {
    const [kind, start] = [bytes[at] ?? 0, at];
    if (kind === GIF_TRAILER) return yield { kind, start, data: at + 1, end: at + 1 };
    if (kind !== GIF_IMAGE && kind !== EXTENSION) return;
    // Image data follow the colour table and the number of bits per value.
    const table = kind === GIF_IMAGE ? colourTable(bytes[at + DESCRIPTOR - 1] ?? 0) : 0;
    const data = kind === GIF_IMAGE ? at + DESCRIPTOR + table + 1 : at + 2;
    at = data;
    while ((bytes[at] ?? 0) > 0) at += 1 + (bytes[at] ?? 0);
    at++;
    yield { kind, start, data, end: at };
  }
}

/** Length of a colour table in bytes. */
function colourTable(flags: number): number {
  return flags & 0x80 ? 3 << ((flags & 7) + 1) : 0;
}
