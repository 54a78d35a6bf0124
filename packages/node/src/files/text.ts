import { TextDecoder } from 'node:util';
import { decodeName } from './names.ts';

/**
 * Decodes text from a person or another program: UTF-8, or UTF-16 as Windows tools write it (`>` in PowerShell), with or
 * without a byte order mark, which is removed.
 */
export function decodeText(bytes: Uint8Array): string {
  const encoding = encodingOf(bytes);
  // Bytes in no encoding may still be a list of file names, which are bytes.
  if (encoding === 'utf-8') return decodeName(bytes).replace(/^\ufeff/, '');
  return new TextDecoder(encoding).decode(bytes);
}

/**
 * Converts the chunks of a text in any encoding of {@link decodeText} to UTF-8; UTF-8 is passed through.
 */
export async function* inUtf8(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  let head: Uint8Array = new Uint8Array();
  let decoder: TextDecoder | undefined;
  let isKnown = false;
  for await (const next of chunks) {
    const chunk = isKnown ? next : Buffer.concat([head, next]);
    if (!isKnown && chunk.length < LONGEST_SIGN) {
      head = chunk;
      continue;
    }
    if (!isKnown) {
      const encoding = encodingOf(chunk);
      decoder = encoding === 'utf-8' ? undefined : new TextDecoder(encoding);
      isKnown = true;
    }
    yield decoder ? Buffer.from(decoder.decode(chunk, { stream: true })) : chunk;
  }
  if (!isKnown && head.length > 0) yield head;
}

/** Bytes needed to detect the encoding. */
const LONGEST_SIGN = 4;

function encodingOf([a, b, c, d]: Uint8Array): 'utf-8' | 'utf-16le' | 'utf-16be' {
  if (a === 0xff && b === 0xfe) return 'utf-16le';
  if (a === 0xfe && b === 0xff) return 'utf-16be';
  // Without a mark: lists and JSON start with two ASCII characters, each with a zero byte in UTF-16.
  if (a && b === 0 && c && d === 0) return 'utf-16le';
  return a === 0 && b && c === 0 && d ? 'utf-16be' : 'utf-8';
}
