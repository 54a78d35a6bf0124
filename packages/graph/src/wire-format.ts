/** One field of a serialised protobuf message. */
export interface Field {
  readonly number: number;
  /** A number, or the content of text, bytes or a nested message: a view of the message's own bytes. */
  readonly content: number | Uint8Array;
  /** The whole field as it is written, number and length included. */
  readonly encoded: Uint8Array;
}

/**
 * Walks the fields of a serialised protobuf message without building it: memory does not grow with what the
 * bytes state. Whole numbers above 2^53 lose their last digits; no size that we accept is as large.
 * @throws Error when the bytes are not a message, or only part of one
 */
export function* fieldsOf(message: Uint8Array): Generator<Field> {
  const cursor = { at: 0 };
  while (cursor.at < message.length) {
    const start = cursor.at;
    const tag = varint(message, cursor);
    const number = Math.floor(tag / 8);
    if (number < 1) throw new Error('Expected a field number of at least 1 but received 0');
    const content = readContent(message, cursor, tag % 8);
    yield { number, content, encoded: message.subarray(start, cursor.at) };
  }
}

function readContent(message: Uint8Array, cursor: Cursor, kind: number): number | Uint8Array {
  switch (kind) {
    case 0:
      return varint(message, cursor);
    case 1:
      return take(message, cursor, 8);
    case 2:
      return take(message, cursor, varint(message, cursor));
    case 5:
      return take(message, cursor, 4);
    default:
      throw new Error(`Expected a kind of field that ONNX uses but received ${kind}`);
  }
}

/** A field with a nested message or bytes in it, as {@link fieldsOf} reads it. */
export function encodeField(number: number, parts: readonly Uint8Array[]): Uint8Array {
  const length = parts.reduce((sum, part) => sum + part.length, 0);
  return join([Uint8Array.of(...encodeVarint(8 * number + 2), ...encodeVarint(length)), ...parts]);
}

/** All parts, one after the other. */
export function join(parts: readonly Uint8Array[]): Uint8Array {
  const joined = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    joined.set(part, at);
    at += part.length;
  }
  return joined;
}

function encodeVarint(value: number): number[] {
  const bytes: number[] = [];
  let rest = value;
  for (; rest >= 128; rest = Math.floor(rest / 128)) bytes.push((rest % 128) + 128);
  return [...bytes, rest];
}

/** The content of a nested message or of bytes. @throws Error when it is a number */
export function bytesIn(field: Field): Uint8Array {
  if (typeof field.content !== 'number') return field.content;
  throw new Error(`Expected bytes for field ${field.number} but received a number`);
}

/** The content of a text field. @throws Error when it is a number, or not UTF-8 */
export function textIn(field: Field): string {
  return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytesIn(field));
}

/** The numbers of a repeated field, of which each is a field of its own, or all are packed into one. */
export function* numbersIn({ content }: Field): Generator<number> {
  if (typeof content === 'number') yield content;
  else for (const cursor = { at: 0 }; cursor.at < content.length; ) yield varint(content, cursor);
}

/** The same as {@link numbersIn} for numbers that may be negative, without loss: int64 in two's complement. */
export function* integersIn({ content, encoded }: Field): Generator<bigint> {
  const cursor = { at: 0 };
  if (typeof content !== 'number') {
    while (cursor.at < content.length) yield integer(content, cursor);
    return;
  }
  // The field starts with its own number.
  varint(encoded, cursor);
  yield integer(encoded, cursor);
}

interface Cursor {
  at: number;
}

function varint(message: Uint8Array, cursor: Cursor): number {
  let value = 0;
  for (let scale = 1; scale < 2 ** 70; scale *= 128) {
    const byte = message[cursor.at++];
    if (byte === undefined) throw new Error('Expected a whole number but received the end');
    value += (byte & 127) * scale;
    if (byte < 128) return value;
  }
  throw new Error('Expected a whole number of at most ten bytes but received more');
}

function integer(message: Uint8Array, cursor: Cursor): bigint {
  const start = cursor.at;
  // Most are small and positive, which needs no arithmetic of many words.
  const value = varint(message, cursor);
  if (Number.isSafeInteger(value)) return BigInt(value);
  let exact = 0n;
  for (let at = cursor.at - 1; at >= start; at--) {
    exact = (exact << 7n) | BigInt((message[at] as number) & 127);
  }
  return BigInt.asIntN(64, exact);
}

function take(message: Uint8Array, cursor: Cursor, length: number): Uint8Array {
  const left = message.length - cursor.at;
  if (length > left) throw new Error(`Expected ${length} bytes but received ${left}`);
  const start = cursor.at;
  cursor.at += length;
  return message.subarray(start, cursor.at);
}
