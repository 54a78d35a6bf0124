import { decodeName } from './names.ts';

/** A line of a stream. */
export interface Line {
  readonly text: string;
  /** Bytes of the stream up to the end of the line, including its separator. */
  readonly end: number;
  /** False for a last line without a separator. */
  readonly isWhole: boolean;
}

export const NEWLINE = 0x0a;

/**
 * The lines of a byte stream, decoded like file names, without separators and byte order mark. Holds one line in memory.
 * @param separator the byte that ends a line
 * @param longest maximum length of a line in bytes; `onTooLong` throws the error for a longer one
 */
export async function* linesOf(
  chunks: AsyncIterable<Uint8Array>,
  separator: number,
  longest: number,
  onTooLong: () => never,
): AsyncGenerator<Line> {
  let begun: Uint8Array[] = [];
  let [length, passed] = [0, 0];
  // The byte order mark that Windows tools write is not part of the text.
  let mark = separator === NEWLINE ? /^\ufeff/ : undefined;
  const take = (last: Uint8Array): string => {
    const decoded = decodeName(Buffer.concat([...begun, last]));
    const text = mark === undefined ? decoded : decoded.replace(mark, '');
    [begun, length, mark] = [[], 0, undefined];
    return text;
  };
  for await (const chunk of chunks) {
    let from = 0;
    for (let at = chunk.indexOf(separator); at >= 0; at = chunk.indexOf(separator, from)) {
      if (length + at - from > longest) onTooLong();
      const text = take(chunk.subarray(from, at));
      from = at + 1;
      yield { text, end: passed + from, isWhole: true };
    }
    begun.push(chunk.subarray(from));
    length += chunk.length - from;
    passed += chunk.length;
    if (length > longest) onTooLong();
  }
  if (length > 0) yield { text: take(new Uint8Array()), end: passed, isWhole: false };
}
