/** Codes have at most 12 bits. */
const MOST_CODES = 4096;

/** How the codes of a format are packed. */
export interface LzwFormat {
  /** Bits of a value; the first codes are the values, followed by the clear code and the end code. */
  readonly valueBits: number;
  /** Whether the highest bits of a byte come first. */
  readonly isHighFirst: boolean;
  /** Whether the code length grows one code early. */
  readonly isEarly: boolean;
}

/**
 * Counts the values in LZW data without decoding them.
 * @param most counting stops there
 * @returns fewer than expected if the data end early or have an invalid code
 */
export function lzwLength(bytes: Uint8Array, format: LzwFormat, most: number): number {
  const { valueBits, isHighFirst, isEarly } = format;
  const clear = 1 << valueBits;
  if (clear < 2 || clear > MOST_CODES / 2) return 0;
  const [first, firstWidth] = [clear + 2, valueBits + 1];
  /** Values that a code stands for. */
  const lengths = new Uint32Array(MOST_CODES).fill(1, 0, clear);
  let [next, width, previous] = [first, firstWidth, -1];
  let [buffered, bits, length] = [0, 0, 0];
  for (const byte of bytes) {
    buffered = isHighFirst ? ((buffered << 8) | byte) & 0xfffffff : buffered | (byte << bits);
    bits += 8;
    while (bits >= width) {
      bits -= width;
      const code = (isHighFirst ? buffered >>> bits : buffered) & ((1 << width) - 1);
      if (!isHighFirst) buffered >>>= width;
      if (code === clear + 1) return length;
      if (code === clear) {
        [next, width, previous] = [first, firstWidth, -1];
        continue;
      }
      // The code being made is known too: it is the previous one and its own first value.
      if (code > next || (previous < 0 && code > clear)) return length;
      if (previous >= 0 && next < MOST_CODES) {
        lengths[next] = (lengths[previous] ?? 0) + 1;
        next++;
        if (next + (isEarly ? 1 : 0) === 1 << width && width < 12) width++;
      }
      length += lengths[code] ?? 0;
      if (length >= most) return length;
      previous = code;
    }
  }
  return length;
}
