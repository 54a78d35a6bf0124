const IMAGE = 0x2c;
const EXTENSION = 0x21;
/** Codes have at most 12 bits. */
const MOST_CODES = 4096;

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
  const decoded = countPixels(bytes, start, pixels);
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

/** Follows the LZW codes until `most` pixels are there, the data end, or a code comes that was never made. */
function countPixels(bytes: Uint8Array, start: number, most: number): number {
  const clear = 1 << (bytes[start] ?? 0);
  if (clear < 2 || clear > MOST_CODES / 2) return 0;
  const endOfData = clear + 1;
  /** Pixels that a code stands for. */
  const lengths = new Uint32Array(MOST_CODES).fill(1, 0, clear);
  let [next, width, previous] = [clear + 2, (bytes[start] ?? 0) + 1, -1];
  let [buffered, bits, pixels] = [0, 0, 0];
  let at = start + 1;
  for (let size = bytes[at] ?? 0; size > 0; size = bytes[at] ?? 0) {
    const blockEnd = Math.min(at + 1 + size, bytes.length);
    for (at++; at < blockEnd; at++) {
      buffered |= (bytes[at] ?? 0) << bits;
      bits += 8;
      while (bits >= width) {
        const code = buffered & ((1 << width) - 1);
        buffered >>>= width;
        bits -= width;
        if (code === endOfData) return pixels;
        if (code === clear) {
          [next, width, previous] = [clear + 2, (bytes[start] ?? 0) + 1, -1];
          continue;
        }
        // The code being made is known too: it is the previous one and its own first pixel.
        if (code > next || (previous < 0 && code > clear)) return pixels;
        if (previous >= 0 && next < MOST_CODES) {
          lengths[next] = (lengths[previous] ?? 0) + 1;
          next++;
          if (next === 1 << width && width < 12) width++;
        }
        pixels += lengths[code] ?? 0;
        if (pixels >= most) return pixels;
        previous = code;
      }
    }
  }
  return pixels;
}
