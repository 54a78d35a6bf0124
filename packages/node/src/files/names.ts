/** A byte of a name that is no UTF-8, as it stands in texts: 0xff is U+DCFF. */
const strayByte = /[\udc80-\udcff]/u;
const strict = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/**
 * Reads the name or path of a file. Most systems take any bytes for it; those that are no UTF-8 become lone surrogates,
 * which no other text has. So none is lost: {@link systemPath} gives the bytes again, JSON keeps them (`\udcff`), and
 * Python's `surrogateescape` is the same.
 */
export function decodeName(bytes: Uint8Array): string {
  try {
    return strict.decode(bytes);
  } catch {
    return decodeWithStrayBytes(bytes);
  }
}

function decodeWithStrayBytes(bytes: Uint8Array): string {
  // No character takes more units of UTF-16 than bytes of UTF-8.
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

/** Bytes of the character that begins there, 1 to 4; 0 where none does. */
function letterLength(bytes: Uint8Array, at: number): number {
  const [first, second] = [bytes[at] as number, bytes[at + 1] as number];
  if (first < 0x80) return 1;
  const length = first < 0xc2 ? 0 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : first < 0xf5 ? 4 : 0;
  const [lowest, highest] = secondBytes[first] ?? [0x80, 0xbf];
  if (length === 0 || at + length > bytes.length || second < lowest || second > highest) return 0;
  for (let i = at + 2; i < at + length; i++) if (((bytes[i] as number) & 0xc0) !== 0x80) return 0;
  return length;
}

/** What may follow these first bytes: nothing that a shorter form has, no surrogate, nothing beyond U+10FFFF. */
const secondBytes: Readonly<Record<number, readonly [number, number]>> = {
  224: [0xa0, 0xbf],
  237: [0x80, 0x9f],
  240: [0x90, 0xbf],
  244: [0x80, 0x8f],
};

/** A path as the system takes it: its bytes where {@link decodeName} met some that are no UTF-8. */
export function systemPath(path: string): string | Buffer {
  if (!strayByte.test(path)) return path;
  const parts = path.split(/([\udc80-\udcff])/u);
  return Buffer.concat(
    parts.map((part, index) =>
      index % 2 === 1 ? Buffer.of(part.charCodeAt(0) - 0xdc00) : Buffer.from(part),
    ),
  );
}
