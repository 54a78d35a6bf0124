import {
  add,
  cast,
  div,
  float32,
  type Graph,
  matMul,
  reduceSum,
  reshape,
  square,
  sub,
  type Tensor,
  tensor,
  transpose,
  type Value,
} from '@bigrid/graph';
import type { OfKind } from './expectation.ts';

const LARGEST_INT8 = 127;

/**
 * Ways in which good pictures of each kind vary as a whole: a little to the left, more light from one side. What the
 * grids leave of them has these directions, [kinds, count, channels * cells * cells], at right angles within a kind; of
 * a row only the direction counts, and one of zeros is none.
 */
export interface Components {
  /** [count, channels * cells * cells] */
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
 * @param ofKind takes what is of a picture's kind: an entry of the first axis
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
 * Adds to a reconstruction what good pictures vary in: the part of what it leaves that lies along the components.
 *
 *     rec' = rec + V^T V (feature - rec)        V: the components, each of length 1
 *
 * A few numbers a picture, so that no defect can be rebuilt from them.
 * @param features [1, channels, cells, cells]; so is `reconstruction`
 */
export function withVariation(
  features: Value,
  reconstruction: Value,
  { rows, squaredLengths }: Components,
): Value {
  return features.graph.scope('variation', () => {
    const [, width] = rows.shape as [number, number];
    const left = reshape(sub(features, reconstruction), [width, 1]);
    // A row of zeros takes no part, and is not to be divided by nothing.
    const shares = div(matMul(rows, left), add(squaredLengths, 1e-12));
    const explained = matMul(transpose(shares, [1, 0]), rows);
    return add(reconstruction, reshape(explained, features.shape));
  });
}
