import { isBigridError } from '@bigrid/errors';
import { bytesOf, type ElementType, float32, type Tensor, tensor } from '@bigrid/graph';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readSafetensors } from './safetensors.ts';

const names: Partial<Record<ElementType, string>> = {
  float32: 'F32',
  float16: 'F16',
  int64: 'I64',
  int32: 'I32',
  uint8: 'U8',
  bool: 'BOOL',
};

/** A file with any header over any data. */
function file(header: unknown, data: Uint8Array = new Uint8Array()): Uint8Array {
  const text = new TextEncoder().encode(
    typeof header === 'string' ? header : JSON.stringify(header),
  );
  const bytes = new Uint8Array(8 + text.length + data.length);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(text.length), true);
  bytes.set(text, 8);
  bytes.set(data, 8 + text.length);
  return bytes;
}

function write(tensors: ReadonlyMap<string, Tensor>): Uint8Array {
  const header: Record<string, unknown> = { __metadata__: { format: 'pt' } };
  const parts: number[] = [];
  for (const [name, value] of tensors) {
    const start = parts.length;
    parts.push(...bytesOf(value));
    header[name] = {
      dtype: names[value.type],
      shape: value.shape,
      data_offsets: [start, parts.length],
    };
  }
  return file(header, Uint8Array.from(parts));
}

const example = new Map<string, Tensor>([
  ['weight', float32([2, 3], [1, -2, 3.5, 0, 1e-8, 6])],
  ['half', tensor('float16', [2], Uint16Array.of(0x3c00, 0x8000))],
  ['long', tensor('int64', [1], BigInt64Array.of(-(2n ** 40n)))],
  ['int', tensor('int32', [2, 1], Int32Array.of(-1, 7))],
  ['byte', tensor('uint8', [3], Uint8Array.of(1, 2, 255))],
  ['flag', tensor('bool', [1], Uint8Array.of(1))],
  ['scalar', float32([], [5])],
  ['empty', float32([0, 4], [])],
]);

/** Reads, and counts a WEIGHTS_INVALID as the good end that it is; anything else is thrown on. */
function readOrRefuse(bytes: Uint8Array): ReadonlyMap<string, Tensor> | undefined {
  try {
    return readSafetensors(bytes);
  } catch (error) {
    if (!isBigridError(error, 'WEIGHTS_INVALID')) throw error;
    return undefined;
  }
}

describe('readSafetensors', () => {
  it('reads what was written, of every type', () => {
    expect(readSafetensors(write(example))).toEqual(example);
  });

  it('reads from the middle of a larger buffer', () => {
    const bytes = write(example);
    const larger = new Uint8Array(bytes.length + 10);
    larger.set(bytes, 3);
    expect(readSafetensors(larger.subarray(3, 3 + bytes.length))).toEqual(example);
  });

  it('owns the memory of its tensors', () => {
    const bytes = write(example);
    const read = readSafetensors(bytes);
    bytes.fill(0);
    expect(read).toEqual(example);
  });

  it('leaves out tensors of a type that is not used here', () => {
    const entry = { dtype: 'F64', shape: [1], data_offsets: [0, 8] };
    expect(readSafetensors(file({ double: entry }, new Uint8Array(8)))).toEqual(new Map());
  });

  it('reads any tensors back', () => {
    const tensors = fc.dictionary(
      fc.string({ minLength: 1 }).filter((name) => !name.startsWith('__')),
      fc.array(fc.float({ noNaN: true }), { maxLength: 6 }),
      { maxKeys: 5 },
    );
    fc.assert(
      fc.property(tensors, (values) => {
        const written = new Map(
          Object.entries(values).map(([name, data]) => [name, float32([data.length], data)]),
        );
        expect(readSafetensors(write(written))).toEqual(written);
      }),
    );
  });
});

describe('a malformed file is WEIGHTS_INVALID', () => {
  const entry = (over: object) => ({
    a: { dtype: 'F32', shape: [2], data_offsets: [0, 8], ...over },
  });
  const data = new Uint8Array(8);
  const cases: Record<string, Uint8Array> = {
    'no bytes': new Uint8Array(),
    'less than the length of a header': new Uint8Array(7),
    'a header longer than the file': file(entry({}), data).subarray(0, 20),
    'a header of 2^64 - 1 bytes': new Uint8Array(16).fill(255),
    'an empty header': file('', data),
    'a header that is not JSON': file('{"a":', data),
    'a header that is a list': file('[]', data),
    'a header that is null': file('null', data),
    'an entry that is a number': file({ a: 5 }, data),
    'a negative size': file(entry({ shape: [-2] }), data),
    'a broken size': file(entry({ shape: [1.5] }), data),
    'a size that is text': file(entry({ shape: ['2'] }), data),
    'a type that is a number': file(entry({ dtype: 5 }), data),
    'one offset': file(entry({ data_offsets: [0] }), data),
    'a negative offset': file(entry({ data_offsets: [-8, 0] }), data),
    'offsets beyond the end': file(entry({ data_offsets: [0, 9] }), data),
    'offsets far beyond the end': file(entry({ data_offsets: [2 ** 52, 2 ** 52 + 8] }), data),
    'offsets the wrong way round': file(entry({ data_offsets: [8, 0] }), data),
    'no bytes the wrong way round': file(entry({ shape: [0], data_offsets: [8, 4] }), data),
    'fewer bytes than the shape needs': file(entry({ data_offsets: [0, 4] }), data),
    'more bytes than the shape needs': file(entry({ shape: [1] }), data),
    'a shape of more elements than there are numbers': file(
      entry({ shape: Array(40).fill(2 ** 52) }),
      data,
    ),
    'sizes whose product is not a number': file(
      entry({ shape: [...Array(40).fill(2 ** 52), 0] }),
      data,
    ),
    'no shape': file({ a: { dtype: 'F32', data_offsets: [0, 8] } }, data),
    'no offsets': file({ a: { dtype: 'F32', shape: [2] } }, data),
    'no type': file({ a: { shape: [2], data_offsets: [0, 8] } }, data),
  };

  it.each(Object.entries(cases))('%s', (_, bytes) => {
    expect(() => readSafetensors(bytes)).toThrow(
      expect.objectContaining({
        code: 'WEIGHTS_INVALID',
        message: expect.stringMatching(/^Expected .* in a safetensors file but received /s),
      }),
    );
  });

  it('at every length short of the whole', () => {
    const bytes = write(example);
    for (let length = 0; length < bytes.length; length++) {
      expect(readOrRefuse(bytes.subarray(0, length)), `${length} bytes`).toBeUndefined();
    }
  });

  it('or it is read, whatever its bytes are', () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => void readOrRefuse(bytes)));
    const whole = write(example);
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.nat(whole.length - 1), fc.nat(255)), { minLength: 1, maxLength: 6 }),
        (changes) => {
          const bytes = Uint8Array.from(whole);
          for (const [at, value] of changes) bytes[at] = value;
          readOrRefuse(bytes);
        },
      ),
      { numRuns: 500 },
    );
  });

  it('or holds no more elements than the file has bytes, whatever sizes it states', () => {
    const size = fc.oneof(fc.nat(4), fc.nat(), fc.maxSafeNat());
    fc.assert(
      fc.property(
        fc.array(size, { maxLength: 5 }),
        fc.tuple(size, size),
        fc.constantFrom(...Object.values(names)),
        (shape, offsets, dtype) => {
          const bytes = file({ a: { dtype, shape, data_offsets: offsets } }, new Uint8Array(16));
          const elements = readOrRefuse(bytes)?.get('a')?.data.length ?? 0;
          expect(elements).toBeLessThanOrEqual(16);
        },
      ),
      { numRuns: 500 },
    );
  });
});
