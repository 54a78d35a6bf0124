/** A byte of a name that is not UTF-8, as it appears in strings: 0xff is U+DCFF. */
const strayByte = /[\udc80-\udcff]/u;
const strict = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/**
 * Decodes the name or path of a file. Most systems allow any bytes; bytes that are not UTF-8 become lone surrogates, which
 * occur in no other text, so nothing is lost: {@link systemPath} restores the bytes, JSON keeps them (`\udcff`), and
 * Python's `surrogateescape` does the same.
 */
export function decodeName(bytes: Uint8Array): string {
  try {
    return strict.decode(bytes);
  } catch {
    return decodeWithStrayBytes(bytes);
  }
}

function decodeWithStrayBytes(bytes: Uint8Array): string {
  // No character has more UTF-16 units than UTF-8 bytes.
  const units = Buffer.alloc(2 * bytes.length);
  let end = 0;
  const put = (unit: number) => {
    end = units.writeUInt16LE(unit, end);
  };
  for (let at = 0; at < bytes.length; ) {
    const first = bytes[at] as number;
    const length = letterLength(bytes, at);
    let code = length < 2 ? first : first & (0x7f >> length);
    for (let i = 1; i < length; i++) code = (code << 6) | ((bytes[at + i] as number) & 0x3f);
    if (length === 0) put(0xdc00 + first);
    else if (code < 0x10000) put(code);
    else {
      put(0xd800 + ((code - 0x10000) >> 10));
      put(0xdc00 + ((code - 0x10000) & 0x3ff));
    }
    at += length || 1;
  }
  return units.toString('utf16le', 0, end);
}

/** Length of the character at a position in bytes, 1 to 4; 0 if there is none. */
function letterLength(bytes: Uint8Array, at: number): number {
  const [first, second] = [bytes[at] as number, bytes[at + 1] as number];
  if (first < 0x80) return 1;
  const length = first < 0xc2 ? 0 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : first < 0xf5 ? 4 : 0;
  const [lowest, highest] = secondBytes[first] ?? [0x80, 0xbf];
  if (length === 0 || at + length > bytes.length || second < lowest || second > highest) return 0;
  for (let i = at + 2; i < at + length; i++) if (((bytes[i] as number) & 0xc0) !== 0x80) return 0;
  return length;
}

/** Range of the second byte after these first bytes: excludes overlong forms, surrogates and code points above U+10FFFF. */
const secondBytes: Readonly<Record<number, readonly [number, number]>> = {
  224: [0xa0, 0xbf],
  237: [0x80, 0x9f],
  240: [0x90, 0xbf],
  244: [0x80, 0x8f],
};

/** A path for the system: as bytes if {@link decodeName} found some that are not UTF-8. */
export function systemPath(path: string): string | Buffer {
  if (!strayByte.test(path)) return path;
  const parts = path.split(/([\udc80-\udcff])/u);
  return Buffer.concat(
    parts.map((part, index) =>
      index % 2 === 1 ? Buffer.of(part.charCodeAt(0) - 0xdc00) : Buffer.from(part),
    ),
  );
}
