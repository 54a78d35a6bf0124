import {
  add,
  cast,
  concat,
  div,
  float32,
  type Graph,
  matMul,
  maximum,
  minimum,
  mul,
  reduceMean,
  reduceSum,
  reshape,
  type Shape,
  slice,
  square,
  sub,
  type Tensor,
  tensor,
  transpose,
  type Value,
} from '@bigrid/graph';
import { cellErrors } from './anomaly-map.ts';
import { channelRanges } from './channels.ts';
import type { OfKind } from './expectation.ts';
import type { Taps } from './features.ts';
import { roundedRows } from './rounded-rows.ts';

/** Smallest divisor. */
const LEAST = 1e-12;

/**
 * Ways in which good images of a kind vary as a whole: shifted slightly, or lit more from one side. They are orthogonal
 * directions of the grids' residuals; only the direction of a row matters, and a row of zeros is unused.
 */
export interface Components {
  /** [count, width]: {@link variationWidth} */
  readonly rows: Value;
  /** The squared length of each row, [count, 1]. */
  readonly squaredLengths: Value;
}

/** Rows given as an input of the graph, of any length. */
export function componentsFrom(rows: Value): Components {
  const lengths = reduceSum(square(rows), { axes: [1] });
  return { rows, squaredLengths: lengths };
}

/**
 * Rows stored in the graph, with 8 bits per number: {@link roundedRows}.
 * @param values [kinds, count, width]
 * @param ofKind selects the entry of an image's kind along the first axis
 */
export function storedComponents(
  graph: Graph,
  name: string,
  values: Tensor<'float32'>,
  ofKind: OfKind,
): Components {
  const [kinds, count, width] = values.shape as [number, number, number];
  const { data, squaredLengths } = roundedRows(values.data, width);
  const stored = graph.initialiser(name, tensor('int8', values.shape, data));
  const lengths = graph.constant(float32([kinds, count], squaredLengths));
  return {
    rows: reshape(cast(ofKind(stored), 'float32'), [count, width]),
    squaredLengths: reshape(ofKind(lengths), [count, 1]),
  };
}

/**
 * The multiple of the mean error over the cells at which a cell's error is clipped, so that a defect is not taken for a
 * variation of good images, however large it is (Huber's clipping, of whole cells).
 */
const MOST_OF_A_CELL = 1.5;

/**
 * Adds the variation of good images to a reconstruction: the part of its residual along the components.
 *
 *     rec' = rec + V^T V clipped(feature - rec)        V: the components, each of length 1
 *
 * These are a few numbers per image, from which no defect can be reconstructed.
 * @param features [1, channels, cells, cells]; so is `reconstruction`
 * @param weights of channels in the norm of a cell's error
 */
export function withVariation(
  features: Value,
  reconstruction: Value,
  { rows, squaredLengths }: Components,
  taps: Taps,
  weights: Float32Array,
): Value {
  const errors = cellErrors(features, reconstruction, weights);
  return features.graph.scope('variation', () => {
    const [count, width] = rows.shape as [number, number];
    const most = mul(reduceMean(errors), MOST_OF_A_CELL);
    const clipping = minimum(div(most, maximum(errors, LEAST)), 1);
    const left = toTapCells(mul(sub(features, reconstruction), clipping), taps);
    // A row of zeros contributes nothing.
    const shares = div(matMul(rows, reshape(left, [width, 1])), maximum(squaredLengths, LEAST));
    const explained = matMul(reshape(shares, [1, count]), rows);
    return add(reconstruction, fromTapCells(explained, taps, features.shape));
  });
}

/** Number of an image's features with each tap at its own resolution. */
export function variationWidth({ tapChannels, tapCells }: Taps): number {
  return tapChannels.reduce(
    (sum, channels, tap) => sum + channels * (tapCells[tap] as number) ** 2,
    0,
  );
}

/**
 * Each tap at its own resolution, without loss: sums over squares of cells, divided by their side, which keeps lengths.
 * @param features [1, channels, cells, cells]
 * @returns [1, width]: {@link variationWidth}
 */
export function toTapCells(features: Value, { tapChannels, tapCells }: Taps): Value {
  const cells = features.shape[2] as number;
  const parts = channelRanges(tapChannels).map(([start, end], tap) => {
    const own = tapCells[tap] as number;
    const part = slice(features, 1, start, end);
    const side = cells / own;
    if (side === 1) return reshape(part, [1, -1]);
    const runs = runsOf(features.graph, side, own);
    const across = matMul(reshape(part, [end - start, cells, cells]), runs);
    return reshape(matMul(transpose(runs, [1, 0]), across), [1, -1]);
  });
  return concat(parts, 1);
}

/** The inverse of {@link toTapCells} for features that are constant over each square of cells, in `shape`. */
function fromTapCells(row: Value, { tapChannels, tapCells }: Taps, shape: Shape): Value {
  const cells = shape[2] as number;
  let start = 0;
  const parts = tapChannels.map((channels, tap) => {
    const [own, first] = [tapCells[tap] as number, start];
    start += channels * own ** 2;
    const part = slice(row, 1, first, start);
    const side = cells / own;
    if (side === 1) return reshape(part, [1, channels, cells, cells]);
    const runs = runsOf(row.graph, side, own);
    const across = matMul(reshape(part, [channels, own, own]), transpose(runs, [1, 0]));
    return reshape(matMul(runs, across), [1, channels, cells, cells]);
  });
  return concat(parts, 1);
}

/** Matrix that sums `side` cells of a line into each of `own` longer ones: [side * own, own], sqrt(1 / side) or 0. */
function runsOf(graph: Graph, side: number, own: number): Value {
  const runs = new Float32Array(side * own * own);
  for (let cell = 0; cell < side * own; cell++) {
    runs[cell * own + Math.floor(cell / side)] = 1 / Math.sqrt(side);
  }
  return graph.constant(float32([side * own, own], runs));
}
