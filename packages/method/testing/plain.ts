/** The parts of the method once more, as loops over plain numbers: slow, and short enough to be believed. */

/** A [batch, channels, height, width] array with its shape. */
export interface Plain {
  readonly shape: readonly [number, number, number, number];
  readonly data: ArrayLike<number>;
}

export function at({ shape, data }: Plain, b: number, c: number, y: number, x: number): number {
  const [, channels, height, width] = shape;
  if (y < 0 || y >= height || x < 0 || x >= width) return 0;
  return data[((b * channels + c) * height + y) * width + x] as number;
}

/** Makes an array of a shape; `value` gives the value at each position. */
export function build(
  shape: Plain['shape'],
  value: (b: number, c: number, y: number, x: number) => number,
): Plain {
  const [batch, channels, height, width] = shape;
  const data: number[] = [];
  for (let b = 0; b < batch; b++) {
    for (let c = 0; c < channels; c++) {
      for (let y = 0; y < height; y++) {
        for (let x = 0; x < width; x++) data.push(value(b, c, y, x));
      }
    }
  }
  return { shape, data };
}

export function sum(count: number, value: (index: number) => number): number {
  let total = 0;
  for (let index = 0; index < count; index++) total += value(index);
  return total;
}

/** 1x1 convolution: one matrix [out, in] and one offset for every cell. */
export function pointwise(x: Plain, weight: ArrayLike<number>, bias: ArrayLike<number>): Plain {
  const [batch, channels, height, width] = x.shape;
  return build(
    [batch, bias.length, height, width],
    (b, c, row, column) =>
      sum(channels, (k) => (weight[c * channels + k] as number) * at(x, b, k, row, column)) +
      (bias[c] as number),
  );
}

export function map(x: Plain, change: (value: number) => number): Plain {
  return { shape: x.shape, data: Array.from(x.data, change) };
}

/** Mean over space: [batch, channels, 1, 1]. */
export function meanOverSpace(x: Plain): Plain {
  const [batch, channels, height, width] = x.shape;
  return build(
    [batch, channels, 1, 1],
    (b, c) =>
      sum(height * width, (i) => at(x, b, c, Math.floor(i / width), i % width)) / (height * width),
  );
}

/**
 * Bilinear read of a table [resolution^2, width] at (x, y) in [-1, 1], -1 and 1 being the outer edges of the
 * outermost entries; zeros outside.
 */
export function readTable(
  table: ArrayLike<number>,
  resolution: number,
  width: number,
  x: number,
  y: number,
): number[] {
  const [column, row] = [x, y].map((p) => ((p + 1) * resolution - 1) / 2) as [number, number];
  return Array.from({ length: width }, (_, k) => {
    let value = 0;
    for (let j = 0; j < resolution; j++) {
      for (let i = 0; i < resolution; i++) {
        const weight = Math.max(0, 1 - Math.abs(row - j)) * Math.max(0, 1 - Math.abs(column - i));
        value += weight * (table[(j * resolution + i) * width + k] as number);
      }
    }
    return value;
  });
}
