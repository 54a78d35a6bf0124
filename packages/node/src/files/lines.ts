import { decodeName } from './names.ts';

/** A line of a stream. */
export interface Line {
  readonly text: string;
  /** Bytes of the stream up to its end, with the byte that ended it. */
  readonly end: number;
  /** False for a last line that nothing ends. */
  readonly isWhole: boolean;
}

export const NEWLINE = 0x0a;

/**
 * The lines of a stream of bytes, read as names are, without what ends them and without a byte order mark. Holds one at a
 * time.
 * @param separator the byte that ends a line
 * @param longest bytes that a line may have; `onTooLong` throws the error for a longer one
 */
export async function* linesOf(
  chunks: AsyncIterable<Uint8Array>,
  separator: number,
  longest: number,
  onTooLong: () => never,
): AsyncGenerator<Line> {
  let begun: Uint8Array[] = [];
  let [length, passed] = [0, 0];
  // What Windows tools put before a text is not part of it.
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
