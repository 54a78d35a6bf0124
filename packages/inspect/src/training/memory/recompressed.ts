import type { Image } from '../../ports.ts';

const SIDE = 8;
/** Quantisation at quality 50 of luminance and chrominance: ITU-T T.81, annex K, tables K.1 and K.2. */
const LUMINANCE = [
  16, 11, 10, 16, 24, 40, 51, 61, 12, 12, 14, 19, 26, 58, 60, 55, 14, 13, 16, 24, 40, 57, 69, 56,
  14, 17, 22, 29, 51, 87, 80, 62, 18, 22, 37, 56, 68, 109, 103, 77, 24, 35, 55, 64, 81, 104, 113,
  92, 49, 64, 78, 87, 103, 121, 120, 101, 72, 92, 95, 98, 112, 100, 103, 99,
];
const CHROMINANCE = [
  17, 18, 24, 47, 99, 99, 99, 99, 18, 21, 26, 66, 99, 99, 99, 99, 24, 26, 56, 99, 99, 99, 99, 99,
  47, 66, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99,
  99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99,
];

/** Orthonormal discrete cosine transform of eight numbers: row u, column x. */
const COSINES = Float64Array.from({ length: SIDE ** 2 }, (_, at) => {
  const [u, x] = [Math.floor(at / SIDE), at % SIDE];
  const scale = Math.sqrt((u === 0 ? 1 : 2) / SIDE);
  return scale * Math.cos(((2 * x + 1) * u * Math.PI) / (2 * SIDE));
});

/**
 * An image as JPEG of quality 50 would leave it, without subsampling of the colours: blocks of 8 x 8 with rounded frequencies. What is
 * left over at the right and lower edge stays as it is.
 */
export function recompressed({ width, height, data }: Image): Image {
  const result = data.slice();
  const planes = [0, 1, 2].map(() => new Float64Array(SIDE ** 2)) as [
    Float64Array,
    Float64Array,
    Float64Array,
  ];
  const [luma, blue, red] = planes;
  for (let top = 0; top + SIDE <= height; top += SIDE) {
    for (let left = 0; left + SIDE <= width; left += SIDE) {
      const placeOf = (at: number) =>
        3 * ((top + Math.floor(at / SIDE)) * width + left + (at % SIDE));
      for (let at = 0; at < SIDE ** 2; at++) {
        const from = placeOf(at);
        const [r, g, b] = [data[from], data[from + 1], data[from + 2]] as [number, number, number];
        luma[at] = 0.299 * r + 0.587 * g + 0.114 * b - 128;
        blue[at] = -0.168736 * r - 0.331264 * g + 0.5 * b;
        red[at] = 0.5 * r - 0.418688 * g - 0.081312 * b;
      }
      quantise(luma, LUMINANCE);
      quantise(blue, CHROMINANCE);
      quantise(red, CHROMINANCE);
      for (let at = 0; at < SIDE ** 2; at++) {
        const [y, cb, cr] = [luma[at], blue[at], red[at]] as [number, number, number];
        const light = y + 128;
        const colours = [
          light + 1.402 * cr,
          light - 0.344136 * cb - 0.714136 * cr,
          light + 1.772 * cb,
        ];
        colours.forEach((value, channel) => {
          result[placeOf(at) + channel] = Math.min(255, Math.max(0, Math.round(value)));
        });
      }
    }
  }
  return { width, height, data: result };
}

/** Rounds the frequencies of a block to multiples of the table's, in place. */
function quantise(block: Float64Array, table: readonly number[]): void {
  const frequencies = transformed(block, (u, x) => COSINES[u * SIDE + x] as number);
  frequencies.forEach((value, at) => {
    const step = table[at] as number;
    frequencies[at] = step * Math.round(value / step);
  });
  block.set(transformed(frequencies, (x, u) => COSINES[u * SIDE + x] as number));
}

/** M block M^T, for a matrix M of 8 x 8. */
function transformed(block: Float64Array, matrix: (row: number, column: number) => number) {
  const rows = new Float64Array(SIDE ** 2);
  const both = new Float64Array(SIDE ** 2);
  for (let i = 0; i < SIDE; i++)
    for (let j = 0; j < SIDE; j++) {
      let sum = 0;
      for (let k = 0; k < SIDE; k++) sum += matrix(i, k) * (block[k * SIDE + j] as number);
      rows[i * SIDE + j] = sum;
    }
  for (let i = 0; i < SIDE; i++)
    for (let j = 0; j < SIDE; j++) {
      let sum = 0;
      for (let k = 0; k < SIDE; k++) sum += (rows[i * SIDE + k] as number) * matrix(j, k);
      both[i * SIDE + j] = sum;
    }
  return both;
}
