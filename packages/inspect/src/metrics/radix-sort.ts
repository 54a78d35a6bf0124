/** Bits of a key sorted in one pass: three passes of 11 bits cover 32. */
const digitBits = 11;
const digitCount = 1 << digitBits;
const digitMask = digitCount - 1;
const passes = 3;

/** The bits of float32 -0, which must rank level with 0. */
const negativeZero = 0x80000000;
const infinityBits = 0x7f800000;

/**
 * Turns the bits of a float32 into a key that falls as the float rises, so that rising keys go through the
 * scores from the highest down. Its own inverse: `fallingKey(fallingKey(bits))` is `bits`, except that
 * -0 comes back as 0.
 *
 * A non-negative float rises with its bits, a negative one falls with them and has the sign bit set:
 * flipping the 31 lower bits of the former alone puts all of them in one falling order.
 *
 * @param bits a float32 as an unsigned 32-bit integer
 */
export function fallingKey(bits: number): number {
  if (bits === negativeZero) return fallingKey(0);
  return (bits >>> 31 === 1 ? bits : bits ^ 0x7fffffff) >>> 0;
}

/** Whether the float32 with these bits is not a number. */
export function isNaNBits(bits: number): boolean {
  return (bits & 0x7fffffff) > infinityBits;
}

/** The bits of float32 values, without copying them. */
export function float32Bits(values: Float32Array): Uint32Array {
  return new Uint32Array(values.buffer, values.byteOffset, values.length);
}

/** An array that is sorted, with room of the same length to sort into. */
export interface Sortable {
  /** Holds the values; afterwards it holds nothing of meaning. */
  readonly values: Uint32Array;
  /** As long as `values`; holds the sorted values afterwards. */
  readonly sorted: Uint32Array;
}

/**
 * Sorts unsigned 32-bit keys in rising order, least significant digit first (stable): O(length) time and no
 * memory beside the two arrays given. A payload, if there is one, is carried along with its key.
 *
 * @param keys the keys; `keys.sorted` holds them in order afterwards, `keys.values` is overwritten
 * @param payload one value a key
 */
export function radixSort(keys: Sortable, payload?: Sortable): void {
  const length = keys.values.length;
  const counts = new Uint32Array(passes * digitCount);
  for (let index = 0; index < length; index++) {
    const key = keys.values[index] as number;
    for (let pass = 0; pass < passes; pass++) {
      const slot = pass * digitCount + ((key >>> (pass * digitBits)) & digitMask);
      counts[slot] = (counts[slot] as number) + 1;
    }
  }
  let from = keys.values;
  let to = keys.sorted;
  let payloadFrom = payload?.values;
  let payloadTo = payload?.sorted;
  for (let pass = 0; pass < passes; pass++) {
    const offsets = startsOf(counts.subarray(pass * digitCount, (pass + 1) * digitCount));
    scatter(from, to, pass * digitBits, offsets, payloadFrom, payloadTo);
    // Three passes are an odd number of exchanges: the last one writes to `sorted`.
    [from, to] = [to, from];
    [payloadFrom, payloadTo] = [payloadTo, payloadFrom];
  }
}

/** Where each digit's run begins: the exclusive running sum of the counts. */
function startsOf(counts: Uint32Array): Uint32Array {
  const starts = new Uint32Array(counts.length);
  for (let digit = 1; digit < counts.length; digit++) {
    starts[digit] = (starts[digit - 1] as number) + (counts[digit - 1] as number);
  }
  return starts;
}

/** One pass: copies each key to the next free place of its digit. */
function scatter(
  from: Uint32Array,
  to: Uint32Array,
  shift: number,
  offsets: Uint32Array,
  payloadFrom: Uint32Array | undefined,
  payloadTo: Uint32Array | undefined,
): void {
  for (let index = 0; index < from.length; index++) {
    const key = from[index] as number;
    const digit = (key >>> shift) & digitMask;
    const place = offsets[digit] as number;
    offsets[digit] = place + 1;
    to[place] = key;
    if (payloadFrom !== undefined && payloadTo !== undefined) {
      payloadTo[place] = payloadFrom[index] as number;
    }
  }
}
