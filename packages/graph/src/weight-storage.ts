import { fail } from '@bigrid/errors';
import { float16ToFloat32, float32ToFloat16, type Tensor, tensor } from './tensor.ts';

/** How weights can be stored in fewer bits. */
export const weightPrecisions = ['float16', 'int8'] as const;
export type WeightPrecision = (typeof weightPrecisions)[number];

/** Smaller tensors are kept: biases and statistics take few bytes and need their precision. */
const LEAST_ELEMENTS = 1024;
const LARGEST_FLOAT16 = 65504;
const LARGEST_INT8 = 127;

/** Suffixes of the names of stored tensors; none of our operators writes such names. */
const SUFFIX = { half: '#float16', quantised: '#int8', scale: '#scale' } as const;

/** A weight in its stored form. */
export type StoredWeight =
  | { readonly half: Tensor<'float16'> }
  /** Weight = quantised * scale, with one scale per entry of the first axis: a row of a table or an output channel. */
  | { readonly quantised: Tensor<'int8'>; readonly scale: Tensor<'float32'> };

/** @returns undefined if it is to be kept: small, not a weight, in that precision already, or out of its range */
export function stored(value: Tensor, precision: WeightPrecision): StoredWeight | undefined {
  const values = floatsOf(value);
  const [rows = 1] = value.shape;
  if (!values || values.length < LEAST_ELEMENTS || value.shape.length < 2 || rows < 2) return;
  if (precision === 'int8') return quantised(value.shape, values);
  if (value.type === 'float16' || !(largest(values) <= LARGEST_FLOAT16)) return;
  return { half: tensor('float16', value.shape, float32ToFloat16(values)) };
}

function quantised(shape: readonly number[], values: Float32Array): StoredWeight | undefined {
  const [rows] = shape as [number];
  const width = values.length / rows;
  const integers = new Int8Array(values.length);
  const scales = new Float32Array(rows);
  for (let row = 0; row < rows; row++) {
    const own = values.subarray(row * width, (row + 1) * width);
    const reach = largest(own);
    if (!Number.isFinite(reach)) return undefined;
    // A row of zeros must not be divided by zero.
    const scale = Math.fround(reach / LARGEST_INT8) || 1;
    scales[row] = scale;
    own.forEach((value, at) => {
      integers[row * width + at] = Math.round(value / scale);
    });
  }
  const perRow = [rows, ...shape.slice(1).map(() => 1)];
  return {
    quantised: tensor('int8', shape, integers),
    scale: tensor('float32', perRow, scales),
  };
}

/** The tensors of a stored weight by their names in a file. */
export function storedTensors(name: string, weight: StoredWeight): Map<string, Tensor> {
  return new Map(
    Object.entries(weight).map(([part, value]) => [
      name + SUFFIX[part as keyof typeof SUFFIX],
      value,
    ]),
  );
}

/** The initialisers of a file with stored weights converted back to float32, under their original names. */
export function restored(initialisers: ReadonlyMap<string, Tensor>): Map<string, Tensor> {
  const result = new Map<string, Tensor>();
  for (const [key, value] of initialisers) {
    if (key.endsWith(SUFFIX.half) && value.type === 'float16') {
      result.set(
        key.slice(0, -SUFFIX.half.length),
        inFloat32({ half: value as Tensor<'float16'> }),
      );
    } else if (key.endsWith(SUFFIX.quantised)) {
      const name = key.slice(0, -SUFFIX.quantised.length);
      const scale = initialisers.get(name + SUFFIX.scale);
      if (
        value.type !== 'int8' ||
        scale?.type !== 'float32' ||
        scale.data.length !== value.shape[0]
      ) {
        fail(
          'BUNDLE_INVALID',
          `Expected int8 with one scale per row for ${name} but received something else`,
        );
      }
      const parts = { quantised: value as Tensor<'int8'>, scale: scale as Tensor<'float32'> };
      result.set(name, inFloat32(parts));
    } else if (!key.endsWith(SUFFIX.scale)) {
      result.set(key, value);
    }
  }
  return result;
}

/** The lowest precision of the weights in a file; undefined if none are stored in fewer bits. */
export function precisionIn(
  initialisers: ReadonlyMap<string, Tensor>,
): WeightPrecision | undefined {
  const names = [...initialisers.keys()];
  if (names.some((name) => name.endsWith(SUFFIX.quantised))) return 'int8';
  return names.some((name) => name.endsWith(SUFFIX.half)) ? 'float16' : undefined;
}

/** The weight after it was stored and restored: what the engine computes with. */
export function rounded(value: Tensor, precision: WeightPrecision): Tensor {
  const weight = stored(value, precision);
  return weight ? inFloat32(weight) : value;
}

function inFloat32(weight: StoredWeight): Tensor<'float32'> {
  if ('half' in weight) {
    return tensor('float32', weight.half.shape, float16ToFloat32(weight.half.data));
  }
  const { quantised, scale } = weight;
  const width = quantised.data.length / scale.data.length;
  const values = Float32Array.from(
    quantised.data,
    (value, at) => value * (scale.data[Math.floor(at / width)] as number),
  );
  return tensor('float32', quantised.shape, values);
}

function floatsOf({ type, data }: Tensor): Float32Array | undefined {
  if (type === 'float32') return data as Float32Array;
  return type === 'float16' ? float16ToFloat32(data as Uint16Array) : undefined;
}

/** The largest magnitude; NaN where one is. */
function largest(values: Float32Array): number {
  return values.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
}
