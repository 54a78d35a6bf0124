import { fail } from '@bigrid/errors';
import { type GradientRule, inputOf } from '../gradient-rule.ts';
import type { Value } from '../graph.ts';
import { broadcastShapes, type Dimension, formatShape } from '../shape.ts';
import { reshape, transpose } from './layout.ts';
import { sumTo } from './reduce.ts';

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

function swapLastTwo(x: Value): Value {
  const rank = x.shape.length;
  const order = x.shape.map((_, axis) => axis);
  return transpose(x, [...order.slice(0, -2), rank - 1, rank - 2]);
}

export const linearGradients: Readonly<Record<string, GradientRule>> = {
  // y = a b:  da = g b^T,  db = a^T g
  MatMul: (node, g) => {
    const [a, b] = [inputOf(node, 0), inputOf(node, 1)];
    if (b.shape.length === 2) {
      // One tall product instead of one a batch that is summed afterwards.
      const [k, n] = b.shape as [Dimension, Dimension];
      return [
        () => matMul(g, swapLastTwo(b)),
        () => matMul(swapLastTwo(reshape(a, [-1, k])), reshape(g, [-1, n])),
      ];
    }
    return [
      () => sumTo(matMul(g, swapLastTwo(b)), a.shape),
      () => sumTo(matMul(swapLastTwo(a), g), b.shape),
    ];
  },
};
