import { TextDecoder } from 'node:util';
import { decodeName } from './names.ts';

/**
 * Reads text that a person or another program wrote: UTF-8, or UTF-16 as Windows tools write it (`>` of PowerShell), with
 * or without a byte order mark, which is not part of it.
 */
export function decodeText(bytes: Uint8Array): string {
  const encoding = encodingOf(bytes);
  // What is in no encoding is a list of files all the same, whose names are bytes.
  if (encoding === 'utf-8') return decodeName(bytes).replace(/^\ufeff/, '');
  return new TextDecoder(encoding).decode(bytes);
}

/**
 * The chunks of a text in UTF-8, whichever of the encodings of {@link decodeText} they come in. What is UTF-8 already is
 * passed on as it is.
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

/** Bytes that tell the encoding. */
const LONGEST_SIGN = 4;

function encodingOf([a, b, c, d]: Uint8Array): 'utf-8' | 'utf-16le' | 'utf-16be' {
  if (a === 0xff && b === 0xfe) return 'utf-16le';
  if (a === 0xfe && b === 0xff) return 'utf-16be';
  // Without a mark: lists and JSON begin with two characters of ASCII, each with a zero byte beside it.
  if (a && b === 0 && c && d === 0) return 'utf-16le';
  return a === 0 && b && c === 0 && d ? 'utf-16be' : 'utf-8';
}
