import { fail } from '@bigrid/errors';
import type { Value } from '../graph.ts';
import { broadcastShapes, type Dimension, formatShape } from '../shape.ts';

/**
 * a [..., m, k] times b [..., k, n] = [..., m, n]; leading axes broadcast.
 * @throws GRAPH_SHAPE_MISMATCH, GRAPH_TYPE_MISMATCH
 */
export function matMul(a: Value, b: Value): Value {
  const name = a.graph.nextName('MatMul');
  const inner = a.shape.at(-1);
  if (a.shape.length < 2 || b.shape.length < 2 || inner !== b.shape.at(-2)) {
    fail(
      'GRAPH_SHAPE_MISMATCH',
      `Expected [..., m, k] and [..., k, n] for ${name} but received ${formatShape(a.shape)} and ${formatShape(b.shape)}`,
    );
  }
  if (a.type !== b.type) {
    fail('GRAPH_TYPE_MISMATCH', `Expected one element type for ${name} but received ${a} and ${b}`);
  }
  const lead = broadcastShapes(a.shape.slice(0, -2), b.shape.slice(0, -2), name);
  const shape = [...lead, a.shape.at(-2) as Dimension, b.shape.at(-1) as Dimension];
  return a.graph.node('MatMul', [a, b], {}, a.type, shape);
}
