/** One field of a serialised protobuf message. */
export interface Field {
  readonly number: number;
  /** A number, or the content of text, bytes or a nested message, as a view of the message. */
  readonly content: number | Uint8Array;
  /** The whole field as written, including number and length. */
  readonly encoded: Uint8Array;
}

/**
 * Iterates over the fields of a serialised protobuf message without building it, so memory use does not depend on
 * what the bytes state. Integers above 2^53 lose precision; no size that we accept is as large.
 * @throws Error if the bytes are not a message, or are truncated
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
      throw new Error(`Expected a wire type that ONNX uses but received ${kind}`);
  }
}

/** An integer field: int64 or an enumeration. */
export function integerField(number: number, value: number): Uint8Array {
  return Uint8Array.from([...encodeVarint(8 * number), ...encodeVarint(value)]);
}

/** A float32 field. */
export function floatField(number: number, value: number): Uint8Array {
  return join([Uint8Array.from(encodeVarint(8 * number + 5)), floatBytes([value])]);
}

/** A field of UTF-8 text. */
export function textField(number: number, text: string): Uint8Array {
  return join(bytesField(number, [new TextEncoder().encode(text)]));
}

/**
 * A field that holds bytes or a nested message.
 * @param parts of the content, in order. They are not copied, so that weights are copied once, by {@link join}
 */
export function bytesField(number: number, parts: readonly Uint8Array[]): Uint8Array[] {
  const head = Uint8Array.from([...encodeVarint(8 * number + 2), ...encodeVarint(lengthOf(parts))]);
  return [head, ...parts];
}

/** A packed repeated field of int64; no field at all where there are no values. */
export function integersField(number: number, values: readonly number[]): Uint8Array[] {
  if (values.length === 0) return [];
  return bytesField(number, [Uint8Array.from(values.flatMap(encodeVarint))]);
}

/** A packed repeated field of float32; no field at all where there are no values. */
export function floatsField(number: number, values: readonly number[]): Uint8Array[] {
  return values.length === 0 ? [] : bytesField(number, [floatBytes(values)]);
}

/** Concatenates the parts. */
export function join(parts: readonly Uint8Array[]): Uint8Array {
  const joined = new Uint8Array(lengthOf(parts));
  let at = 0;
  for (const part of parts) {
    joined.set(part, at);
    at += part.length;
  }
  return joined;
}

function lengthOf(parts: readonly Uint8Array[]): number {
  return parts.reduce((sum, part) => sum + part.length, 0);
}

function floatBytes(values: readonly number[]): Uint8Array {
  const view = new DataView(new ArrayBuffer(4 * values.length));
  for (const [at, value] of values.entries()) view.setFloat32(4 * at, value, true);
  return new Uint8Array(view.buffer);
}

/** Negative integers are written in 64-bit two's complement. */
function encodeVarint(value: number): number[] {
  const bytes: number[] = [];
  let rest = BigInt.asUintN(64, BigInt(value));
  for (; rest >= 128n; rest >>= 7n) bytes.push(Number(rest & 127n) + 128);
  return [...bytes, Number(rest)];
}

/** The content of a nested message or of bytes. @throws Error if it is a number */
export function bytesIn(field: Field): Uint8Array {
  if (typeof field.content !== 'number') return field.content;
  throw new Error(`Expected bytes for field ${field.number} but received a number`);
}

/** The content of a text field. @throws Error if it is a number, or not UTF-8 */
export function textIn(field: Field): string {
  return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytesIn(field));
}

/** The numbers of a repeated field, packed or not. */
export function* numbersIn({ content }: Field): Generator<number> {
  if (typeof content === 'number') yield content;
  else for (const cursor = { at: 0 }; cursor.at < content.length; ) yield varint(content, cursor);
}

/** Like {@link numbersIn}, for int64 in two's complement: exact, and possibly negative. */
export function* integersIn({ content, encoded }: Field): Generator<bigint> {
  const cursor = { at: 0 };
  if (typeof content !== 'number') {
    while (cursor.at < content.length) yield integer(content, cursor);
    return;
  }
  // The field starts with its number.
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
    if (byte === undefined) throw new Error('Expected an integer but received the end');
    value += (byte & 127) * scale;
    if (byte < 128) return value;
  }
  throw new Error('Expected an integer of at most ten bytes but received more');
}

function integer(message: Uint8Array, cursor: Cursor): bigint {
  const start = cursor.at;
  // Most are small and positive, and need no BigInt arithmetic.
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
