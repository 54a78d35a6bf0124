import { fail } from '@bigrid/errors';

/** The element types that our graphs use. `float16` is represented by its raw 16 bits. */
export type ElementType = 'float32' | 'float16' | 'int64' | 'int32' | 'int8' | 'uint8' | 'bool';

interface ArrayOf {
  float32: Float32Array;
  float16: Uint16Array;
  int64: BigInt64Array;
  int32: Int32Array;
  int8: Int8Array;
  uint8: Uint8Array;
  bool: Uint8Array;
}

/** A dense array in row-major order. `data.length` is the product of `shape`. */
export interface Tensor<T extends ElementType = ElementType> {
  readonly type: T;
  readonly shape: readonly number[];
  readonly data: ArrayOf[T];
}

const constructors = {
  float32: Float32Array,
  float16: Uint16Array,
  int64: BigInt64Array,
  int32: Int32Array,
  int8: Int8Array,
  uint8: Uint8Array,
  bool: Uint8Array,
} as const;

/** Bytes of one element. */
export function bytesPerElement(type: ElementType): number {
  return constructors[type].BYTES_PER_ELEMENT;
}

/** Number of elements of a shape; 1 for a scalar. */
export function sizeOf(shape: readonly number[]): number {
  return shape.reduce((size, dimension) => size * dimension, 1);
}

/** Wraps `data` without a copy. @throws GRAPH_SHAPE_MISMATCH when its length is not that of `shape`. */
export function tensor<T extends ElementType>(
  type: T,
  shape: readonly number[],
  data: ArrayOf[T],
): Tensor<T> {
  if (data.length !== sizeOf(shape)) {
    fail(
      'GRAPH_SHAPE_MISMATCH',
      `Expected ${sizeOf(shape)} elements for a tensor of shape [${shape.join(', ')}] but received ${data.length}`,
    );
  }
  return { type, shape, data };
}

/** A float32 tensor from plain numbers. */
export function float32(shape: readonly number[], values: ArrayLike<number>): Tensor<'float32'> {
  return tensor('float32', shape, Float32Array.from(values));
}

/** A tensor of zeros. */
export function zeros<T extends ElementType>(type: T, shape: readonly number[]): Tensor<T> {
  return tensor(type, shape, new constructors[type](sizeOf(shape)) as ArrayOf[T]);
}

/** The tensor's bytes, little-endian, without a copy. */
export function bytesOf(value: Tensor): Uint8Array {
  return new Uint8Array(value.data.buffer, value.data.byteOffset, value.data.byteLength);
}

/** A tensor from little-endian bytes, copied so that it is aligned and owns its memory. */
export function fromBytes<T extends ElementType>(
  type: T,
  shape: readonly number[],
  bytes: Uint8Array,
): Tensor<T> {
  if (bytes.byteLength !== sizeOf(shape) * bytesPerElement(type)) {
    fail(
      'GRAPH_SHAPE_MISMATCH',
      `Expected ${sizeOf(shape) * bytesPerElement(type)} bytes for a ${type} tensor of shape [${shape.join(', ')}] but received ${bytes.byteLength}`,
    );
  }
  return tensor(type, shape, new constructors[type](new Uint8Array(bytes).buffer) as ArrayOf[T]);
}

const floatBits = new Float32Array(1);
const integerBits = new Uint32Array(floatBits.buffer);

/** Rounds to half precision, to nearest even, as raw bits; values that are too large become infinity. */
export function float32ToFloat16(values: Float32Array): Uint16Array {
  const halves = new Uint16Array(values.length);
  for (let i = 0; i < values.length; i++) {
    floatBits[0] = values[i] as number;
    const bits = integerBits[0] as number;
    const sign = (bits >>> 16) & 0x8000;
    const magnitude = bits & 0x7fffffff;
    if (magnitude > 0x7f800000) halves[i] = sign | 0x7e00;
    else if (magnitude >= 0x477ff000) halves[i] = sign | 0x7c00;
    else if (magnitude >= 0x38800000) {
      // Normal: rebias the exponent, round away 13 bits.
      const rounded = magnitude - 0x38000000 + 0xfff + ((magnitude >>> 13) & 1);
      halves[i] = sign | (rounded >>> 13);
    } else {
      // Subnormal: in units of 2^-24; adding and subtracting 2^23 rounds to nearest even.
      halves[i] =
        sign | Math.fround(Math.fround(Math.abs(floatBits[0]) * 2 ** 24 + 2 ** 23) - 2 ** 23);
    }
  }
  return halves;
}

/** Converts half-precision bits to float32. */
export function float16ToFloat32(halves: Uint16Array): Float32Array {
  return Float32Array.from(halves, (half) => {
    const sign = half & 0x8000 ? -1 : 1;
    const exponent = (half >>> 10) & 0x1f;
    const fraction = half & 0x3ff;
    if (exponent === 0x1f) return fraction ? Number.NaN : sign * Number.POSITIVE_INFINITY;
    if (exponent === 0) return sign * fraction * 2 ** -24;
    return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
  });
}
