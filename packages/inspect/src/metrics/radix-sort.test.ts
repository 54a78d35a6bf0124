import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fallingKey, float32Bits, isNaNBits, radixSort } from './radix-sort.ts';

const bitsOf = (value: number) => float32Bits(Float32Array.of(value))[0] as number;
const unsigned = fc.integer({ min: 0, max: 0xffffffff });

describe('fallingKey', () => {
  it('falls as the float rises, and is equal where the floats are', () => {
    fc.assert(
      fc.property(fc.float({ noNaN: true }), fc.float({ noNaN: true }), (left, right) => {
        const order = Math.sign(fallingKey(bitsOf(left)) - fallingKey(bitsOf(right)));
        expect(order).toBe(left < right ? 1 : left > right ? -1 : 0);
      }),
    );
  });

  it('is its own inverse, but for -0', () => {
    fc.assert(
      fc.property(fc.float({ noNaN: true }), (value) => {
        expect(fallingKey(fallingKey(bitsOf(value)))).toBe(bitsOf(value + 0));
      }),
    );
  });
});

describe('isNaNBits', () => {
  it('knows every NaN', () => {
    fc.assert(
      fc.property(unsigned, (bits) => {
        const [value] = new Float32Array(Uint32Array.of(bits).buffer);
        expect(isNaNBits(bits)).toBe(Number.isNaN(value));
      }),
    );
    for (const bits of [0x7f800001, 0xffffffff]) expect(isNaNBits(bits)).toBe(true);
    for (const bits of [0x7f800000, 0xff800000]) expect(isNaNBits(bits)).toBe(false);
  });
});

describe('radixSort', () => {
  it('sorts any unsigned keys', () => {
    fc.assert(
      fc.property(fc.uint32Array({ maxLength: 200 }), (values) => {
        const sorted = new Uint32Array(values.length);
        radixSort({ values: values.slice(), sorted });
        expect(sorted).toEqual(values.slice().sort());
      }),
    );
  });

  it('carries a payload along, in the order it came where keys are equal', () => {
    const keys = fc.array(fc.constantFrom(0, 1, 2048, 1 << 22, 0xffffffff), { maxLength: 50 });
    fc.assert(
      fc.property(keys, (values) => {
        const sorted = new Uint32Array(values.length);
        const payload = new Uint32Array(values.length);
        const positions = Uint32Array.from(values.keys());
        radixSort(
          { values: Uint32Array.from(values), sorted },
          { values: positions, sorted: payload },
        );
        const expected = [...values.entries()].sort(([, left], [, right]) => left - right);
        expect([...sorted]).toEqual(expected.map(([, key]) => key));
        expect([...payload]).toEqual(expected.map(([position]) => position));
      }),
    );
  });
});
