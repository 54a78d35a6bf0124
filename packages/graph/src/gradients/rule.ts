import type { GraphNode, Value } from '../graph.ts';

/**
 * How a node passes a gradient on: given the gradient of its output (same shape as the output), one thunk
 * per input that emits the gradient of that input (same shape as the input); undefined for an input without
 * a gradient. Thunks are called only for inputs whose gradient is wanted.
 */
export type GradientRule = (
  node: GraphNode,
  gradient: Value,
) => readonly (undefined | (() => Value))[];

/** The node's input at `index`, for rules, which know how many there are. */
export function inputOf(node: GraphNode, index: number): Value {
  return node.inputs[index] as Value;
}
