import { fail } from '@bigrid/errors';

/** A size, or the name of a size that is known only when the graph runs. */
export type Dimension = number | string;
export type Shape = readonly Dimension[];

export function formatShape(shape: Shape): string {
  return `[${shape.join(', ')}]`;
}

export function sameShape(a: Shape, b: Shape): boolean {
  return a.length === b.length && a.every((dimension, axis) => dimension === b[axis]);
}

/** The shape's sizes as numbers. @throws GRAPH_SHAPE_MISMATCH when one is known only at run time. */
export function staticShape(shape: Shape, node: string): number[] {
  return shape.map((dimension) =>
    typeof dimension === 'number'
      ? dimension
      : fail(
          'GRAPH_SHAPE_MISMATCH',
          `Expected a static shape for ${node} but received ${formatShape(shape)}`,
        ),
  );
}

/** NumPy's broadcasting. @throws GRAPH_SHAPE_MISMATCH naming `node` and both shapes. */
export function broadcastShapes(a: Shape, b: Shape, node: string): Shape {
  const rank = Math.max(a.length, b.length);
  return Array.from({ length: rank }, (_, axis): Dimension => {
    const left = a[axis - rank + a.length] ?? 1;
    const right = b[axis - rank + b.length] ?? 1;
    if (left === right || right === 1) return left;
    if (left === 1) return right;
    return fail(
      'GRAPH_SHAPE_MISMATCH',
      `Expected shapes that broadcast for ${node} but received ${formatShape(a)} and ${formatShape(b)}`,
    );
  });
}

/** Turns a negative axis into one counted from the front. @throws GRAPH_SHAPE_MISMATCH */
export function resolveAxis(axis: number, shape: Shape, node: string): number {
  const resolved = axis < 0 ? axis + shape.length : axis;
  if (!Number.isInteger(resolved) || resolved < 0 || resolved >= shape.length) {
    fail(
      'GRAPH_SHAPE_MISMATCH',
      `Expected an axis of ${formatShape(shape)} for ${node} but received ${axis}`,
    );
  }
  return resolved;
}
