import { type ErrorCode, fail } from '@bigrid/errors';
import { elementTypeOf, LOCATION_EXTERNAL, TENSOR } from './onnx-format.ts';
import {
  bytesPerElement,
  type ElementType,
  fromBytes,
  sizeOf,
  type Tensor,
  zeros,
} from './tensor.ts';
import { bytesIn, fieldsOf, integersIn, numbersIn, textIn } from './wire-format.ts';

/** More axes than any of our tensors have. */
const MOST_AXES = 8;

interface Header {
  readonly name: string;
  readonly shape: readonly number[];
  readonly type: ElementType | undefined;
  readonly code: number;
  readonly data: Uint8Array | undefined;
  readonly external: boolean;
}

/**
 * Reads a serialised tensor, whether its elements are raw bytes or a list of numbers. Its stated size is checked
 * against the available bytes before memory is allocated.
 * @param code of the error thrown for an invalid tensor
 * @throws BigridError of that code, or Error if the bytes are not a protobuf message
 */
export function readTensor(message: Uint8Array, code: ErrorCode): [name: string, value: Tensor] {
  const header = readHeader(message, code);
  const { name, shape, type, data } = header;
  if (header.external) {
    fail(
      code,
      `Expected a single file but received initialiser ${name} whose elements are in another: save it with onnx.save(onnx.load(FILE), ONE_FILE)`,
    );
  }
  const stated = `shape [${shape.join(', ')}] and type ${type ?? header.code} for initialiser ${name}`;
  const refuse = (received: string): never =>
    fail(
      code,
      `Expected a known type and as many bytes as it needs but received ${received}, ${stated}`,
    );
  if (!type) return refuse(`${data?.length ?? 0} bytes`);
  // Every element takes at least one byte, however it is written.
  if (data === undefined && sizeOf(shape) <= message.length) {
    const value = zeros(type, shape);
    const count = fillFromNumbers(value, message);
    return count === value.data.length ? [name, value] : refuse(`${count} numbers`);
  }
  const received = data?.length ?? 0;
  if (sizeOf(shape) * bytesPerElement(type) !== received) refuse(`${received} bytes`);
  return [name, fromBytes(type, shape, data as Uint8Array)];
}

/** What a serialised tensor states, with a view of its elements. @throws BigridError of that code */
export function readHeader(message: Uint8Array, code: ErrorCode): Header {
  const shape: number[] = [];
  let [name, typeCode, external] = ['', 0, false];
  let data: Uint8Array | undefined;
  for (const field of fieldsOf(message)) {
    if (field.number === TENSOR.name) name = textIn(field);
    if (field.number === TENSOR.data) data = bytesIn(field);
    if (field.number === TENSOR.type) for (const number of numbersIn(field)) typeCode = number;
    if (field.number === TENSOR.location) {
      for (const number of numbersIn(field)) external = number === LOCATION_EXTERNAL;
    }
    if (field.number === TENSOR.shape) {
      for (const size of numbersIn(field)) {
        // Checked as they are read: a list of sizes can be as long as the file.
        if (shape.push(size) > MOST_AXES) {
          fail(code, `Expected at most ${MOST_AXES} axes for ${name} but received more`);
        }
      }
    }
  }
  return { name, shape, type: elementTypeOf(typeCode), code: typeCode, data, external };
}

/** Fills a tensor from the lists of numbers in its message. @returns how many numbers there were, including those beyond its size */
function fillFromNumbers({ type, data }: Tensor, message: Uint8Array): number {
  let count = 0;
  for (const field of fieldsOf(message)) {
    if (type === 'float32' && field.number === TENSOR.floats) {
      const bytes = bytesIn(field);
      const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
      for (let at = 0; at + 4 <= bytes.length; at += 4) data[count++] = view.getFloat32(at, true);
    } else if (type === 'int64' && field.number === TENSOR.longs) {
      for (const value of integersIn(field)) data[count++] = value;
    } else if (type !== 'float32' && type !== 'int64' && field.number === TENSOR.integers) {
      // Half precision is written as its bits.
      for (const value of integersIn(field)) data[count++] = Number(value);
    }
  }
  return count;
}

/** A view of the raw bytes of a serialised tensor; undefined if it has another name, or no raw bytes. */
export function rawDataOf(message: Uint8Array, name: string): Uint8Array | undefined {
  const fields = [...fieldsOf(message)];
  if (!fields.some((field) => field.number === TENSOR.name && textIn(field) === name))
    return undefined;
  const data = fields.find((field) => field.number === TENSOR.data);
  return data && bytesIn(data);
}
