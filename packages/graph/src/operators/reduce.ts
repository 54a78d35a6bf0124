import { fail } from '@bigrid/errors';
import type { Value } from '../graph.ts';
import { type Dimension, formatShape, resolveAxis, type Shape, sameShape } from '../shape.ts';
import { reshape } from './layout.ts';

interface ReduceOptions {
  /** Axes to reduce. Default: all of them. */
  readonly axes?: readonly number[];
  /** Keep the reduced axes with size 1. Default true. */
  readonly keepDimensions?: boolean;
}

function reduce(operator: string, x: Value, options: ReduceOptions): Value {
  const name = x.graph.nextName(operator);
  const axes = (options.axes ?? x.shape.map((_, axis) => axis)).map((axis) =>
    resolveAxis(axis, x.shape, name),
  );
  if (new Set(axes).size !== axes.length) {
    fail(
      'GRAPH_SHAPE_MISMATCH',
      `Expected each axis of ${formatShape(x.shape)} once for ${name} but received ${formatShape(axes)}`,
    );
  }
  // ONNX takes an empty list of axes for all of them.
  if (axes.length === 0) return x;
  const keep = options.keepDimensions ?? true;
  const shape = x.shape.flatMap((dimension, axis): Dimension[] =>
    axes.includes(axis) ? (keep ? [1] : []) : [dimension],
  );
  // Since opset 18 every reduction takes its axes as an input.
  return x.graph.node(
    operator,
    [x, x.graph.integers(axes)],
    { keepdims: keep ? 1 : 0 },
    x.type,
    shape,
  );
}

/** Sum over `axes`; x itself if the list is empty. @throws GRAPH_SHAPE_MISMATCH, as all here */
export const reduceSum = (x: Value, options: ReduceOptions = {}): Value =>
  reduce('ReduceSum', x, options);
/** Mean over `axes`. */
export const reduceMean = (x: Value, options: ReduceOptions = {}): Value =>
  reduce('ReduceMean', x, options);
/** Maximum over `axes`. It has no gradient. */
export const reduceMax = (x: Value, options: ReduceOptions = {}): Value =>
  reduce('ReduceMax', x, options);

/** Sums the axes that broadcasting `shape` to `x.shape` repeated: the gradient of broadcasting. */
export function sumTo(x: Value, shape: Shape): Value {
  if (sameShape(x.shape, shape)) return x;
  const lead = x.shape.length - shape.length;
  const axes = x.shape.flatMap((dimension, axis) =>
    axis < lead || (shape[axis - lead] === 1 && dimension !== 1) ? [axis] : [],
  );
  const summed = reduceSum(x, { axes });
  return sameShape(summed.shape, shape) ? summed : reshape(summed, shape);
}
