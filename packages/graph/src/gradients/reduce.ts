import type { Value } from '../graph.ts';
import { mul } from '../operators/elementwise.ts';
import { expand, reshape } from '../operators/layout.ts';
import { type Shape, staticShape } from '../shape.ts';
import { type GradientRule, inputOf } from './rule.ts';

/** Spreads the gradient of a reduction back over the axes that were reduced. */
function spread(gradient: Value, input: Value, output: Value): Value {
  const reduced = staticShape(input.shape, output.name);
  const axes = (input.graph.initialisers.get(output.producer?.inputs[1]?.name ?? '')?.data ??
    []) as ArrayLike<bigint>;
  for (let i = 0; i < axes.length; i++) reduced[Number(axes[i])] = 1;
  return expand(reshape(gradient, reduced), input.shape);
}

export const reduceGradients: Readonly<Record<string, GradientRule>> = {
  ReduceSum: (node, g) => [() => spread(g, inputOf(node, 0), node.output), undefined],
  ReduceMean: (node, g) => {
    const x = inputOf(node, 0);
    const count = (shape: Shape) =>
      staticShape(shape, node.name).reduce((product, size) => product * size, 1);
    const share = count(node.output.shape) / count(x.shape);
    return [() => spread(mul(g, share), x, node.output), undefined];
  },
};
