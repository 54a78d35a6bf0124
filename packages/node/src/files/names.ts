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
    let text = '';
    for (let at = 0; at < bytes.length; ) {
      const letter = letterAt(bytes, at);
      text += letter ?? String.fromCharCode(0xdc00 + (bytes[at] as number));
      at += letter === undefined ? 1 : Buffer.byteLength(letter);
    }
    return text;
  }
}

/** The character that begins there, of one to four bytes; undefined where none does. */
function letterAt(bytes: Uint8Array, at: number): string | undefined {
  const first = bytes[at] as number;
  const length = first < 0x80 ? 1 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
  try {
    const text = strict.decode(bytes.subarray(at, at + length));
    // A lead byte that claims too much may have taken two.
    return [...text].length === 1 ? text : undefined;
  } catch {
    return undefined;
  }
}

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
