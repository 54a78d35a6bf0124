import type { Random } from '@bigrid/method';

/** Numbers that often break readers: ends of ranges, and impossible sizes. */
const numbers = [
  0n,
  1n,
  127n,
  128n,
  255n,
  256n,
  0x7fffn,
  0x8000n,
  0xffffn,
  0x7fff_ffffn,
  0x8000_0000n,
  0xffff_ffffn,
  2n ** 53n,
  2n ** 63n - 1n,
  2n ** 64n - 1n,
];

/** Replacements for values in text formats. */
const words = [
  '0',
  '-1',
  '1.5',
  '1e308',
  '1e999',
  '99999999',
  '9007199254740993',
  'null',
  'true',
  '[]',
  '{}',
  '[[]]',
  '""',
  '"__proto__"',
  '"constructor"',
  '"\\u0000"',
  '".."',
  '"a"',
  '\n',
  '\r\n',
  ',',
  '"',
  '{"',
  '\ufeff',
].map((word) => new TextEncoder().encode(word));

/** Findings do not need longer inputs, and those are slow. */
const LONGEST = 64 * 1024;

/** A copy of an input with one to eight mutations, one of which splices in a piece of another input. */
export function mutate(input: Uint8Array, other: Uint8Array, random: Random): Uint8Array {
  let bytes = input;
  for (let left = random.integer(1, 8); left > 0; left--) bytes = change(bytes, other, random);
  return bytes.slice(0, LONGEST);
}

function change(bytes: Uint8Array, other: Uint8Array, random: Random): Uint8Array {
  const at = random.integer(0, bytes.length);
  const length = random.integer(0, Math.min(bytes.length - at, 1 << random.integer(0, 10)));
  switch (random.integer(0, 8)) {
    case 0:
      return overwrite(bytes, at, [(bytes[at] ?? 0) ^ (1 << random.integer(0, 7))]);
    case 1:
      return overwrite(bytes, at, [random.integer(0, 255)]);
    case 2:
      return overwrite(bytes, at, numberBytes(random));
    case 3:
      return splice(bytes, at, length, varint(pick(numbers, random)));
    case 4:
      return splice(bytes, at, length, []);
    case 5:
      return splice(bytes, at, 0, bytes.subarray(at, at + length));
    case 6: {
      const from = random.integer(0, other.length);
      const size = random.integer(0, Math.min(other.length - from, 256));
      return splice(bytes, at, random.integer(0, length), other.subarray(from, from + size));
    }
    case 7:
      return splice(bytes, at, length, pick(words, random));
    default:
      return replaceWord(bytes, at, pick(words, random));
  }
}

/** Replaces the number or quoted text that starts at or after `at` by a word. */
function replaceWord(bytes: Uint8Array, at: number, word: Uint8Array): Uint8Array {
  const text = Buffer.from(bytes).toString('latin1');
  const token = /-?\d[\d.e+-]*|"[^"]*"/g;
  token.lastIndex = at;
  const found = token.exec(text);
  return found ? splice(bytes, found.index, found[0].length, word) : splice(bytes, at, 0, word);
}

function numberBytes(random: Random): Uint8Array {
  const bytes = new Uint8Array(8);
  const littleEndian = random.integer(0, 1) === 1;
  const size = 1 << random.integer(0, 3);
  new DataView(bytes.buffer).setBigUint64(0, pick(numbers, random), littleEndian);
  return littleEndian ? bytes.subarray(0, size) : bytes.subarray(8 - size);
}

function varint(value: bigint): number[] {
  return value < 128n ? [Number(value)] : [Number(value & 127n) | 128, ...varint(value >> 7n)];
}

function overwrite(bytes: Uint8Array, at: number, by: ArrayLike<number>): Uint8Array {
  return splice(bytes, at, by.length, by);
}

function splice(bytes: Uint8Array, at: number, length: number, by: ArrayLike<number>): Uint8Array {
  const rest = bytes.subarray(Math.min(bytes.length, at + length));
  const result = new Uint8Array(at + by.length + rest.length);
  result.set(bytes.subarray(0, at));
  result.set(by, at);
  result.set(rest, at + by.length);
  return result;
}

export function pick<T>(list: readonly T[], random: Random): T {
  return list[random.integer(0, list.length - 1)] as T;
}
