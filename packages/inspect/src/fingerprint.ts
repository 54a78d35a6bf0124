import type { Image } from './ports.ts';

/** Side of the grey image that is transformed, and samples per side averaged into each of its pixels. */
const CELLS = 64;
const SAMPLES = 4;
/** Frequencies kept in each direction. */
const KEPT = 16;
/** Bits that camera noise flips between frames of one scene; different parts of one product differ in twelve or more. */
const NOISE_BITS = 6;

/** Number of bits in a fingerprint: one per frequency, without the mean. */
export const FINGERPRINT_BITS = KEPT * KEPT - 1;

export const FINGERPRINT_BYTES = (KEPT * KEPT) / 8;

/** A perceptual hash of {@link FINGERPRINT_BITS} bits, in 32-bit words. */
export type Fingerprint = Uint32Array;

/**
 * A perceptual hash: which of the lowest 16 x 16 frequencies (discrete cosine transform of the image in grey at
 * 64 x 64) are above their median. Copies that were compressed, resized or brightened differ in a few bits, other
 * images in about a hundred. Reads 256 x 256 pixels, whatever the size of the image.
 */
export function fingerprintOf(image: Image): Fingerprint {
  const cells = greyCells(image);
  // Rows first: [CELLS, KEPT], then columns: [KEPT, KEPT].
  const rows = new Float64Array(CELLS * KEPT);
  for (let y = 0; y < CELLS; y++) {
    for (let u = 0; u < KEPT; u++) {
      let sum = 0;
      for (let x = 0; x < CELLS; x++) sum += at(cells, y * CELLS + x) * at(cosines, u * CELLS + x);
      rows[y * KEPT + u] = sum;
    }
  }
  const frequencies = new Float64Array(KEPT * KEPT);
  for (let v = 0; v < KEPT; v++) {
    for (let u = 0; u < KEPT; u++) {
      let sum = 0;
      for (let y = 0; y < CELLS; y++) sum += at(rows, y * KEPT + u) * at(cosines, v * CELLS + y);
      frequencies[v * KEPT + u] = sum;
    }
  }
  const varying = frequencies.subarray(1);
  const median = at(varying.toSorted(), Math.floor(varying.length / 2));
  const bits = new Uint32Array(FINGERPRINT_BYTES / 4);
  varying.forEach((frequency, bit) => {
    if (frequency > median) bits[bit >>> 5] = at(bits, bit >>> 5) | (1 << (bit & 31));
  });
  return bits;
}

/** Number of bits in which two fingerprints differ: 0..{@link FINGERPRINT_BITS}. */
export function fingerprintDistance(a: Fingerprint, b: Fingerprint): number {
  let distance = 0;
  for (let word = 0; word < a.length; word++) distance += bitCount(at(a, word) ^ at(b, word));
  return distance;
}

/**
 * Groups near-duplicates: copies, and repeated images of one part. Two images belong together if their distance is less
 * than a quarter of the usual distance in this set, so that products that all look alike do not become one group, or if
 * it is no more than noise causes between frames of one scene. Of a product that lies freely only the latter counts: its usual
 * distance is that of parts that lie at other angles, of which two at the same angle are still two parts. Groups are transitive.
 * Compares all pairs, about 100 million per second.
 * @param liesFreely whether an image, by its index, shows such a product. Default: none does
 * @returns a number for each image: the index of the first of its group
 */
export function groupNearDuplicates(
  fingerprints: readonly Fingerprint[],
  liesFreely: (index: number) => boolean = () => false,
): number[] {
  const nearest = Math.max(NOISE_BITS, usualDistance(fingerprints) / 4);
  const group = fingerprints.map((_, index) => index);
  const first = (index: number): number => {
    let root = index;
    while (at(group, root) !== root) root = at(group, root);
    group[index] = root;
    return root;
  };
  for (let i = 1; i < fingerprints.length; i++) {
    const most = liesFreely(i) ? NOISE_BITS : nearest;
    for (let j = 0; j < i; j++) {
      if (fingerprintDistance(at(fingerprints, i), at(fingerprints, j)) > most) continue;
      const [a, b] = [first(i), first(j)];
      group[Math.max(a, b)] = Math.min(a, b);
    }
  }
  return group.map((_, index) => first(index));
}

/** The median over pairs half the set apart, because consecutive images may show the same part. */
function usualDistance(fingerprints: readonly Fingerprint[]): number {
  const half = Math.floor(fingerprints.length / 2);
  const distances = fingerprints
    .slice(half)
    .map((fingerprint, index) => fingerprintDistance(fingerprint, at(fingerprints, index)))
    .sort((a, b) => a - b);
  return distances[Math.floor(distances.length / 2)] ?? 0;
}

/** Brightness of CELLS x CELLS cells, each the sum of SAMPLES x SAMPLES evenly spaced pixels. */
function greyCells({ width, height, data }: Image): Float64Array {
  const side = CELLS * SAMPLES;
  const columns = Uint32Array.from({ length: side }, (_, x) =>
    Math.floor(((x + 0.5) * width) / side),
  );
  const cells = new Float64Array(CELLS * CELLS);
  for (let y = 0; y < side; y++) {
    const row = Math.floor(((y + 0.5) * height) / side) * width;
    const cellRow = Math.floor(y / SAMPLES) * CELLS;
    for (let x = 0; x < side; x++) {
      const pixel = 3 * (row + at(columns, x));
      const cell = cellRow + Math.floor(x / SAMPLES);
      cells[cell] =
        at(cells, cell) +
        299 * at(data, pixel) +
        587 * at(data, pixel + 1) +
        114 * at(data, pixel + 2);
    }
  }
  return cells;
}

/** cos(pi u (x + 1/2) / CELLS): [KEPT, CELLS] */
const cosines = Float64Array.from({ length: KEPT * CELLS }, (_, index) =>
  Math.cos((Math.PI * Math.floor(index / CELLS) * ((index % CELLS) + 0.5)) / CELLS),
);

function bitCount(word: number): number {
  let bits = word - ((word >>> 1) & 0x55555555);
  bits = (bits & 0x33333333) + ((bits >>> 2) & 0x33333333);
  return Math.imul((bits + (bits >>> 4)) & 0x0f0f0f0f, 0x01010101) >>> 24;
}

/** An element known to exist. */
function at<T>(values: { readonly [index: number]: T }, index: number): T {
  return values[index] as T;
}
