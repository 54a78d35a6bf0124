import { fail } from '@bigrid/errors';
import type { GradientRule } from './gradient-rule.ts';
import type { GraphNode, Value } from './graph.ts';
import { convolutionGradients } from './operators/convolution.ts';
import { add, elementwiseGradients } from './operators/elementwise.ts';
import { layoutGradients } from './operators/layout.ts';
import { linearGradients } from './operators/linear.ts';
import { reduceGradients } from './operators/reduce.ts';
import { sizeOf, tensor } from './tensor.ts';
import { staticShape } from './shape.ts';

const rules: Readonly<Record<string, GradientRule>> = {
  ...elementwiseGradients,
  ...reduceGradients,
  ...layoutGradients,
  ...linearGradients,
  ...convolutionGradients,
};

/** The operators through which a gradient flows. */
export const differentiableOperators: readonly string[] = Object.keys(rules);

/**
 * Reverse-mode differentiation: appends the backward pass of `loss` to its graph.
 * @param loss one number, of any rank
 * @param wanted values to differentiate by
 * @returns d loss / d wanted[i], each with the shape of wanted[i]
 * @throws GRAPH_NO_GRADIENT when the loss does not depend on one of them, or only through an operator without a rule
 */
export function gradients(loss: Value, wanted: readonly Value[]): Value[] {
  const { graph } = loss;
  if (sizeOf(staticShape(loss.shape, loss.name)) !== 1) {
    fail('GRAPH_SHAPE_MISMATCH', `Expected one number for the loss but received ${loss}`);
  }
  const forward = [...graph.nodes];
  const needed = new Set<Value>(wanted);
  for (const node of forward) {
    if (node.inputs.some((input) => input && needed.has(input))) needed.add(node.output);
  }
  const found = new Map<Value, Value>();
  return graph.scope('backward', () => {
    found.set(loss, graph.constant(onesLike(loss)));
    for (let i = forward.length - 1; i >= 0; i--) {
      const node = forward[i] as GraphNode;
      const gradient = found.get(node.output);
      if (gradient && needed.has(node.output)) passOn(node, gradient, needed, found);
    }
    return wanted.map(
      (value) =>
        found.get(value) ??
        fail('GRAPH_NO_GRADIENT', `Expected ${loss} to depend on ${value} but no gradient reaches it`),
    );
  });
}

function passOn(node: GraphNode, gradient: Value, needed: Set<Value>, found: Map<Value, Value>): void {
  const rule = rules[node.operator];
  if (!rule) {
    fail(
      'GRAPH_NO_GRADIENT',
      `Expected an operator with a gradient for ${node.name} but received ${node.operator}`,
    );
  }
  const thunks = rule(node, gradient);
  node.inputs.forEach((input, index) => {
    const thunk = thunks[index];
    if (!input || !thunk || !needed.has(input)) return;
    const contribution = thunk();
    const known = found.get(input);
    found.set(input, known ? add(known, contribution) : contribution);
  });
}

function onesLike(loss: Value) {
  return tensor('float32', loss.shape as number[], Float32Array.of(1));
}
