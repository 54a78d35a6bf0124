import { fail } from '@bigrid/errors';
import type { Value } from '../graph.ts';
import {
  broadcastShapes,
  type Dimension,
  formatShape,
  resolveAxis,
  type Shape,
  sameShape,
  staticShape,
} from '../shape.ts';
import { sizeOf } from '../tensor.ts';
import { add } from './elementwise.ts';

/** The same elements in another shape. One size may be -1, which is inferred. @throws GRAPH_SHAPE_MISMATCH, as all here */
export function reshape(x: Value, shape: Shape): Value {
  const name = x.graph.nextName('Reshape');
  const from = staticShape(x.shape, name);
  const to = staticShape(shape, name);
  const known = sizeOf(to.filter((size) => size !== -1));
  const full = to.map((size) => (size === -1 ? sizeOf(from) / known : size));
  const whole = full.every((size) => Number.isInteger(size) && size >= 0);
  if (sizeOf(full) !== sizeOf(from) || !whole) {
    fail(
      'GRAPH_SHAPE_MISMATCH',
      `Expected a shape of ${sizeOf(from)} elements for ${name} but received ${formatShape(shape)} for ${formatShape(from)}`,
    );
  }
  if (sameShape(x.shape, full)) return x;
  return x.graph.node('Reshape', [x, x.graph.integers(full)], {}, x.type, full);
}

/** The axes in another order: axis i of the result is axis `order[i]` of x. */
export function transpose(x: Value, order: readonly number[]): Value {
  const name = x.graph.nextName('Transpose');
  // ONNX does not accept negative axes here.
  const resolved = order.map((axis) => resolveAxis(axis, x.shape, name));
  if (order.length !== x.shape.length || new Set(resolved).size !== order.length) {
    fail(
      'GRAPH_SHAPE_MISMATCH',
      `Expected an order of the axes of ${formatShape(x.shape)} for ${name} but received ${formatShape(order)}`,
    );
  }
  const shape = resolved.map((axis) => x.shape[axis] as Dimension);
  return x.graph.node('Transpose', [x], { perm: resolved }, x.type, shape);
}

/** Joins values along `axis`; all other sizes must agree. */
export function concat(values: readonly Value[], axis: number): Value {
  const [first] = values;
  if (!first)
    return fail('GRAPH_SHAPE_MISMATCH', 'Expected at least one value for Concat but received none');
  const name = first.graph.nextName('Concat');
  const along = resolveAxis(axis, first.shape, name);
  let size = 0;
  for (const value of values) {
    const fits =
      value.shape.length === first.shape.length &&
      value.shape.every((dimension, at) => at === along || dimension === first.shape[at]);
    if (!fits) {
      fail(
        'GRAPH_SHAPE_MISMATCH',
        `Expected shapes that agree except on axis ${along} for ${name} but received ${formatShape(first.shape)} and ${formatShape(value.shape)}`,
      );
    }
    if (value.type !== first.type) {
      fail(
        'GRAPH_TYPE_MISMATCH',
        `Expected one element type for ${name} but received ${first} and ${value}`,
      );
    }
    size += staticShape([value.shape[along] as Dimension], name)[0] as number;
  }
  const shape = first.shape.map((dimension, at) => (at === along ? size : dimension));
  return first.graph.node('Concat', values, { axis: along }, first.type, shape);
}

/** Elements [start, end) along `axis`. */
export function slice(x: Value, axis: number, start: number, end: number): Value {
  const name = x.graph.nextName('Slice');
  const along = resolveAxis(axis, x.shape, name);
  const [size] = staticShape([x.shape[along] as Dimension], name) as [number];
  const whole = Number.isInteger(start) && Number.isInteger(end);
  if (!whole || start < 0 || end <= start || end > size) {
    fail(
      'GRAPH_SHAPE_MISMATCH',
      `Expected a range within axis ${along} of ${formatShape(x.shape)} for ${name} but received [${start}, ${end})`,
    );
  }
  const { graph } = x;
  const shape = x.shape.map((dimension, at) => (at === along ? end - start : dimension));
  return graph.node(
    'Slice',
    [x, graph.integers([start]), graph.integers([end]), graph.integers([along])],
    {},
    x.type,
    shape,
  );
}

/**
 * A window of a fixed size at a position known only at run time.
 * @param starts int64 [axes]: where it begins on each axis; the window has to lie within x
 * @param axes the axes that it cuts; the others are kept whole
 */
export function sliceAt(
  x: Value,
  axes: readonly number[],
  starts: Value,
  sizes: readonly number[],
): Value {
  const { graph } = x;
  const name = graph.nextName('Slice');
  const along = axes.map((axis) => resolveAxis(axis, x.shape, name));
  const fits = along.every((axis, at) => {
    const [size, whole] = [sizes[at] ?? 0, x.shape[axis]];
    return (
      Number.isInteger(size) && size > 0 && (typeof whole === 'string' || size <= Number(whole))
    );
  });
  if (!fits || sizes.length !== axes.length || !sameShape(starts.shape, [axes.length])) {
    fail(
      'GRAPH_SHAPE_MISMATCH',
      `Expected one size and one start per axis within ${formatShape(x.shape)} for ${name} but received ${formatShape(sizes)} and ${starts}`,
    );
  }
  const shape = x.shape.map((dimension, axis) => sizes[along.indexOf(axis)] ?? dimension);
  const ends = add(starts, graph.integers(sizes));
  return graph.node('Slice', [x, starts, ends, graph.integers(along)], {}, x.type, shape);
}

/** Zeros before and after each axis. */
export function pad(x: Value, before: readonly number[], after: readonly number[]): Value {
  const name = x.graph.nextName('Pad');
  const rank = x.shape.length;
  const sizes = [...before, ...after];
  const whole = sizes.every((size) => Number.isInteger(size) && size >= 0);
  if (before.length !== rank || after.length !== rank || !whole) {
    fail(
      'GRAPH_SHAPE_MISMATCH',
      `Expected ${rank} sizes before and after for ${name} of ${formatShape(x.shape)} but received ${formatShape(before)} and ${formatShape(after)}`,
    );
  }
  const shape = staticShape(x.shape, name).map(
    (size, axis) => size + (before[axis] as number) + (after[axis] as number),
  );
  return x.graph.node('Pad', [x, x.graph.integers(sizes)], {}, x.type, shape);
}

/** Repeats axes of size 1 until `shape` is reached. */
export function expand(x: Value, shape: Shape): Value {
  if (sameShape(x.shape, shape)) return x;
  const name = x.graph.nextName('Expand');
  if (!sameShape(broadcastShapes(x.shape, shape, name), shape)) {
    fail(
      'GRAPH_SHAPE_MISMATCH',
      `Expected a shape that ${formatShape(x.shape)} broadcasts to for ${name} but received ${formatShape(shape)}`,
    );
  }
  return x.graph.node('Expand', [x, x.graph.integers(staticShape(shape, name))], {}, x.type, shape);
}
