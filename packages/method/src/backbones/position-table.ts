/** Keys' cubic convolution kernel (1981) with a = -1/2, as in Pillow's BICUBIC. */
function cubic(x: number): number {
  const at = Math.abs(x);
  if (at < 1) return 1.5 * at ** 3 - 2.5 * at ** 2 + 1;
  return at < 2 ? -0.5 * at ** 3 + 2.5 * at ** 2 - 4 * at + 2 : 0;
}

/**
 * Resizes a square table of positions to another number of cells: bicubic with half-pixel centres, antialiased when
 * shrinking, kernels cut at the edges. It is what timm does, `interpolate(..., mode='bicubic', antialias=True)`.
 * @param table [from * from, channels], row by row
 * @returns [to * to, channels]
 */
export function resizedTable(
  table: Float32Array,
  channels: number,
  from: number,
  to: number,
): Float32Array {
  if (from === to) return table;
  const kernels = kernelsOf(from, to);
  // Along the rows of the table, then along its columns.
  const across = resizedAlong(table, kernels, from, channels);
  return resizedAlong(across, kernels, 1, to * channels);
}

interface Kernel {
  /** First cell that it covers. */
  readonly start: number;
  readonly weights: readonly number[];
}

/** What each of the `to` cells of a line takes of the `from` ones. */
function kernelsOf(from: number, to: number): Kernel[] {
  const scale = from / to;
  const widening = Math.max(scale, 1);
  return Array.from({ length: to }, (_, cell) => {
    const centre = scale * (cell + 0.5);
    const start = Math.max(0, Math.floor(centre - 2 * widening + 0.5));
    const end = Math.min(from, Math.floor(centre + 2 * widening + 0.5));
    const weights = Array.from({ length: end - start }, (_, at) =>
      cubic((start + at + 0.5 - centre) / widening),
    );
    const sum = weights.reduce((total, weight) => total + weight, 0);
    return { start, weights: weights.map((weight) => weight / sum) };
  });
}

/** Resizes the middle axis of [lines, from, width]. */
function resizedAlong(
  values: Float32Array,
  kernels: readonly Kernel[],
  lines: number,
  width: number,
): Float32Array {
  const from = values.length / lines / width;
  const result = new Float32Array(lines * kernels.length * width);
  for (let line = 0; line < lines; line++) {
    for (const [cell, { start, weights }] of kernels.entries()) {
      const target = (line * kernels.length + cell) * width;
      for (let at = 0; at < width; at++) {
        let sum = 0;
        for (const [offset, weight] of weights.entries()) {
          sum += weight * (values[(line * from + start + offset) * width + at] as number);
        }
        result[target + at] = sum;
      }
    }
  }
  return result;
}
