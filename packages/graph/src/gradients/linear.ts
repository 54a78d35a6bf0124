import type { Value } from '../graph.ts';
import { reshape, transpose } from '../operators/layout.ts';
import { matMul } from '../operators/linear.ts';
import { sumTo } from '../operators/reduce.ts';
import type { Dimension } from '../shape.ts';
import { type GradientRule, inputOf } from './rule.ts';

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
      // One tall product instead of one per batch entry that is summed afterwards.
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
