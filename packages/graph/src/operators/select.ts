import { fail } from '@bigrid/errors';
import type { Value } from '../graph.ts';
import { formatShape } from '../shape.ts';

/** The largest elements of a vector, and where they are. */
export interface Largest {
  /** [count], in descending order. */
  readonly values: Value;
  /** int64 [count] */
  readonly indices: Value;
}

/** The `count` largest elements of a vector. It has no gradient. @throws GRAPH_SHAPE_MISMATCH, as all here */
export function largest(x: Value, count: number): Largest {
  const { graph } = x;
  const [size, ...rest] = x.shape;
  const fits = Number.isInteger(count) && count > 0 && count <= Number(size);
  if (!fits || rest.length > 0) {
    fail(
      'GRAPH_SHAPE_MISMATCH',
      `Expected a vector of at least ${count} elements for ${graph.nextName('TopK')} but received ${formatShape(x.shape)}`,
    );
  }
  const [values, indices] = graph.nodeWithOutputs(
    'TopK',
    [x, graph.integers([count])],
    { axis: 0 },
    [
      { type: x.type, shape: [count] },
      { type: 'int64', shape: [count] },
    ],
  ) as [Value, Value];
  return { values, indices };
}

/**
 * Rows of a tensor, or a single one. It has no gradient.
 * @param indices int64 [count] or [], each from 0 to rows - 1
 * @returns [count, ...] or [...]
 */
export function gather(x: Value, indices: Value): Value {
  const [rows, ...rest] = x.shape;
  if (rows === undefined || indices.shape.length > 1) {
    fail(
      'GRAPH_SHAPE_MISMATCH',
      `Expected rows and an index or a vector of indices for ${x.graph.nextName('Gather')} but received ${x} and ${indices}`,
    );
  }
  const shape = [...indices.shape, ...rest];
  return x.graph.node('Gather', [x, indices], { axis: 0 }, x.type, shape);
}

/**
 * A vector with some elements replaced. It has no gradient.
 * @param indices int64 [count], without repeats
 * @param values [count]
 */
export function scatter(x: Value, indices: Value, values: Value): Value {
  const vectors = [x, indices, values].every(({ shape }) => shape.length === 1);
  if (!vectors || indices.shape[0] !== values.shape[0]) {
    fail(
      'GRAPH_SHAPE_MISMATCH',
      `Expected vectors, the last two equally long, for ${x.graph.nextName('ScatterElements')} but received ${x}, ${indices} and ${values}`,
    );
  }
  return x.graph.node('ScatterElements', [x, indices, values], { axis: 0 }, x.type, x.shape);
}
