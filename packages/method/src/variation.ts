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

const LARGEST_INT8 = 127;
/** Nothing is divided by less. */
const LEAST = 1e-12;

/**
 * Ways in which good images of a kind vary as a whole: a little to the left, more light from one side. What the grids
 * leave of them has these directions, at right angles to each other; of a row only the direction counts, and one of zeros
 * is none.
 */
export interface Components {
  /** [count, width]: {@link variationWidth} */
  readonly rows: Value;
  /** The square of each row's length, [count, 1]. */
  readonly squaredLengths: Value;
}

/** Rows that are given when the graph runs, of any length. */
export function componentsFrom(rows: Value): Components {
  const lengths = reduceSum(square(rows), { axes: [1] });
  return { rows, squaredLengths: lengths };
}

/**
 * Rows that stay: in 8 bits each number, which is a third of a percent of the largest of a row.
 * @param values [kinds, count, width]
 * @param ofKind takes what is of an image's kind: an entry of the first axis
 */
export function storedComponents(
  graph: Graph,
  name: string,
  values: Tensor<'float32'>,
  ofKind: OfKind,
): Components {
  const [kinds, count, width] = values.shape as [number, number, number];
  const rounded = new Int8Array(values.data.length);
  const squaredLengths = new Float32Array(kinds * count);
  for (let row = 0; row < squaredLengths.length; row++) {
    const own = values.data.subarray(row * width, (row + 1) * width);
    const largest = own.reduce((most, value) => Math.max(most, Math.abs(value)), 0) || 1;
    let sum = 0;
    own.forEach((value, at) => {
      const integer = Math.round((LARGEST_INT8 * value) / largest);
      rounded[row * width + at] = integer;
      sum += integer ** 2;
    });
    squaredLengths[row] = sum;
  }
  const stored = graph.initialiser(name, tensor('int8', values.shape, rounded));
  const lengths = graph.constant(float32([kinds, count], squaredLengths));
  return {
    rows: reshape(cast(ofKind(stored), 'float32'), [count, width]),
    squaredLengths: reshape(ofKind(lengths), [count, 1]),
  };
}

/**
 * How far a cell's error may stand out from the mean over the cells before it counts as no more: a defect must not be taken
 * for a way in which good images vary, however large it is (Huber's clipping, of whole cells).
 */
const MOST_OF_A_CELL = 1.5;

/**
 * Adds to a reconstruction what good images vary in: the part of what it leaves that lies along the components.
 *
 *     rec' = rec + V^T V clipped(feature - rec)        V: the components, each of length 1
 *
 * A few numbers an image, so that no defect can be rebuilt from them.
 * @param features [1, channels, cells, cells]; so is `reconstruction`
 * @param weights of channels in the length of a cell's error
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
    // A row of zeros takes no part.
    const shares = div(matMul(rows, reshape(left, [width, 1])), maximum(squaredLengths, LEAST));
    const explained = matMul(reshape(shares, [1, count]), rows);
    return add(reconstruction, fromTapCells(explained, taps, features.shape));
  });
}

/** Numbers of an image's features where each tap has the cells of its own. */
export function variationWidth({ tapChannels, tapCells }: Taps): number {
  return tapChannels.reduce(
    (sum, channels, tap) => sum + channels * (tapCells[tap] as number) ** 2,
    0,
  );
}

/**
 * Each tap at its own cells, which says as much of it: sums over squares of cells, over their side, so that lengths stay.
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

/** What {@link toTapCells} gives of features that are the same over each square of cells, back to `shape`. */
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

/** Which cells of a line make up each of `own` longer ones, `side` of them: [side * own, own], the root of 1 / side or 0. */
function runsOf(graph: Graph, side: number, own: number): Value {
  const runs = new Float32Array(side * own * own);
  for (let cell = 0; cell < side * own; cell++) {
    runs[cell * own + Math.floor(cell / side)] = 1 / Math.sqrt(side);
  }
  return graph.constant(float32([side * own, own], runs));
}
