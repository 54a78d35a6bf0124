import { fail } from '@bigrid/errors';
import { convolutionGradients } from './gradients/convolution.ts';
import { elementwiseGradients } from './gradients/elementwise.ts';
import { layoutGradients } from './gradients/layout.ts';
import { linearGradients } from './gradients/linear.ts';
import { reduceGradients } from './gradients/reduce.ts';
import type { GradientRule } from './gradients/rule.ts';
import type { GraphNode, Value } from './graph.ts';
import { add } from './operators/elementwise.ts';
import { staticShape } from './shape.ts';
import { sizeOf, tensor } from './tensor.ts';

/** Gradient rules by ONNX operator. The functions in `operators/` that emit the operators do not know them. */
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
 * @param loss one float32 number, of any rank
 * @param wanted values to differentiate by
 * @returns d loss / d wanted[i], each with the shape of wanted[i]
 * @throws GRAPH_NO_GRADIENT when no gradient reaches one of them, or a path to one leads through an operator
 *   without a rule; GRAPH_SHAPE_MISMATCH and GRAPH_TYPE_MISMATCH when the loss is not one float32 number
 */
export function gradients(loss: Value, wanted: readonly Value[]): Value[] {
  const { graph } = loss;
  if (sizeOf(staticShape(loss.shape, loss.name)) !== 1) {
    fail('GRAPH_SHAPE_MISMATCH', `Expected one number for the loss but received ${loss}`);
  }
  if (loss.type !== 'float32') {
    fail('GRAPH_TYPE_MISMATCH', `Expected float32 for the loss but received ${loss}`);
  }
  const forward = [...graph.nodes];
  const needed = new Set<Value>(wanted);
  for (const node of forward) {
    // A bare identity stops the gradient: nothing behind it is needed.
    if (node.operator === 'Identity' && !node.attached) continue;
    if (leadsToAny(node, needed)) needed.add(node.output);
  }
  const found = new Map<Value, Value>();
  return graph.scope('backward', () => {
    found.set(loss, graph.constant(onesLike(loss)));
    for (let i = forward.length - 1; i >= 0; i--) {
      const node = forward[i] as GraphNode;
      const gradient = found.get(node.output);
      if (gradient) passOn(node, gradient, needed, found);
    }
    return wanted.map(
      (value) =>
        found.get(value) ??
        fail(
          'GRAPH_NO_GRADIENT',
          `Expected ${loss} to depend on ${value} but no gradient reaches it`,
        ),
    );
  });
}

function leadsToAny(node: GraphNode, values: ReadonlySet<Value>): boolean {
  const depends = node.inputs.some((input) => input && values.has(input));
  return (
    depends ||
    (node.attached !== undefined && values.has(node.attached.to)) ||
    (node.body?.nodes.some((inner) => leadsToAny(inner, values)) ?? false)
  );
}

function passOn(
  node: GraphNode,
  gradient: Value,
  needed: ReadonlySet<Value>,
  found: Map<Value, Value>,
): void {
  // A wanted value may be produced by an operator without a rule: nothing behind it is needed.
  if (!leadsToAny(node, needed)) return;
  const pass = (input: Value, contribution: Value) => {
    const known = found.get(input);
    found.set(input, known ? add(known, contribution) : contribution);
  };
  if (node.attached) {
    const [value] = node.inputs as [Value];
    if (needed.has(value)) pass(value, gradient);
    if (needed.has(node.attached.to)) pass(node.attached.to, node.attached.gradient(gradient));
    return;
  }
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
    pass(input, thunk());
  });
}

function onesLike(loss: Value) {
  return tensor('float32', loss.shape as number[], Float32Array.of(1));
}
