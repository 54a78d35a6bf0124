import type { RawFrame } from '@bigrid/node';
import { type InferInput, type ReceivedRequest, refuse } from './tensors.ts';

/** The input of every model, as model metadata states it. */
export const imageInput = { name: 'image', datatype: 'UINT8', shape: [1, -1, -1, 3] };

/** Most values of an image as JSON, which takes the event loop: 4096 x 4096 pixels. */
const LARGEST_JSON = 3 * 4096 ** 2;
/** Most pixels of a side; the bytes of a request are limited anyway. */
const LONGEST_SIDE = 2 ** 20;

/**
 * The image in a request: UINT8 [1, height, width, 3], RGB; or BYTES [1], an encoded image, in JSON as base64.
 * @throws REQUEST_INVALID
 */
export function imageOf({ request, binary }: ReceivedRequest): Uint8Array | RawFrame {
  const [input, ...others] = request.inputs as [InferInput, ...InferInput[]];
  if (input.name !== imageInput.name || others.length > 0) {
    const names = request.inputs.map(({ name }) => name).join(', ');
    return refuse(`one input named ${imageInput.name}`, names);
  }
  const bytes = binary.get(input.name);
  switch (input.datatype) {
    case 'UINT8':
      return frameOf(input, bytes);
    case 'BYTES':
      return bytes ? elementOf(input, bytes) : decoded(input);
    default:
      return refuse('datatype UINT8 or BYTES for image', input.datatype);
  }
}

function frameOf({ shape, data }: InferInput, bytes: Uint8Array | undefined): RawFrame {
  const [batch, height = 0, width = 0, channels] = shape;
  const fits = shape.length === 4 && batch === 1 && channels === 3;
  const isSize = (length: number) => length >= 1 && length <= LONGEST_SIDE;
  if (!fits || !isSize(height) || !isSize(width)) {
    return refuse('shape [1, height, width, 3] for image', `[${shape.join(', ')}]`);
  }
  const length = 3 * height * width;
  if (!bytes && length > LARGEST_JSON) {
    return refuse(`at most ${LARGEST_JSON} values as JSON`, `${length}; send them as binary data`);
  }
  const values = bytes ?? flattened(data, length);
  if (values.length !== length) {
    return refuse(`${length} values for shape [${shape.join(', ')}]`, `${values.length}`);
  }
  return { data: values, width, height, format: 'rgb' };
}

/** The bytes of nested or flat lists. A loop, since an image has millions of them. */
function flattened(data: InferInput['data'], length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  let count = 0;
  const add = (values: readonly unknown[]): void => {
    for (const value of values) {
      if (Array.isArray(value)) add(value);
      else if (!isByte(value)) refuse('whole numbers from 0 to 255 for image', shown(value));
      else bytes[count++] = value;
    }
  };
  add(data ?? []);
  if (count !== length) return refuse(`${length} values for image`, `${count}`);
  return bytes;
}

function isByte(value: unknown): value is number {
  return typeof value === 'number' && (value & 0xff) === value;
}

function shown(value: unknown): string {
  return typeof value === 'number' ? `${value}` : typeof value;
}

/** The only element of a binary BYTES tensor, which begins with its length. */
function elementOf({ shape }: InferInput, bytes: Uint8Array): Uint8Array {
  assertOne(shape);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const length = bytes.length < 4 ? -1 : view.getUint32(0, true);
  if (length !== bytes.length - 4) {
    return refuse('one element after its length in 4 bytes for image', `${bytes.length} bytes`);
  }
  return bytes.subarray(4);
}

function decoded({ shape, data }: InferInput): Uint8Array {
  assertOne(shape);
  const values = (data ?? []).flat(2);
  const [text] = values;
  if (values.length !== 1 || typeof text !== 'string' || !/^[\w+/-]*={0,2}$/.test(text)) {
    return refuse('one image in base64 for image', 'something else');
  }
  return Buffer.from(text, 'base64');
}

function assertOne(shape: readonly number[]): void {
  if (shape.length === 0 || shape.some((length) => length !== 1)) {
    refuse('shape [1] for image as BYTES', `[${shape.join(', ')}]`);
  }
}
