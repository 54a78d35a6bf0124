import { fail } from '@bigrid/errors';
import type { Attribute, Graph, Value } from './graph.ts';
import { OPERATOR_SET } from './onnx-format.ts';

/** The oldest operator set whose operators can be converted to ours. */
export const OLDEST_OPERATOR_SET = 11;

/** Operators that took `axes` as an attribute before the given version, and take them as an input since. */
const axesBecameInput: Readonly<Record<string, number>> = {
  ReduceSum: 13,
  Squeeze: 13,
  Unsqueeze: 13,
  ReduceL1: 18,
  ReduceL2: 18,
  ReduceLogSum: 18,
  ReduceLogSumExp: 18,
  ReduceMax: 18,
  ReduceMean: 18,
  ReduceMin: 18,
  ReduceProd: 18,
  ReduceSumSquare: 18,
};

/** Operators whose meaning changed in the given version. All others mean the same since the oldest operator set. */
const meaningChanged: Readonly<Record<string, number>> = {
  Softmax: 13,
  LogSoftmax: 13,
  Hardmax: 13,
  RoiAlign: 16,
};

/** A node without its outputs. */
export interface NodeContent {
  readonly inputs: readonly (Value | undefined)[];
  readonly attributes: Readonly<Record<string, Attribute>>;
}

/**
 * Converts a node of an older operator set to ours, with the same results.
 * @param outputs number of outputs of the node
 * @throws WEIGHTS_INVALID for the few operators that cannot be converted
 */
export function toOurOperatorSet(
  graph: Graph,
  operator: string,
  version: number,
  { inputs, attributes }: NodeContent,
  outputs: number,
): NodeContent {
  if (version < (meaningChanged[operator] ?? 0)) {
    fail(
      'WEIGHTS_INVALID',
      `Expected operator set ${meaningChanged[operator]} to ${OPERATOR_SET} for ${operator}, which meant something else before, but received ${version}`,
    );
  }
  if (version < (axesBecameInput[operator] ?? 0)) {
    return asInput(graph, 'axes', { inputs, attributes });
  }
  if (operator === 'Split' && version < OPERATOR_SET) {
    const content =
      version < 13 ? asInput(graph, 'split', { inputs, attributes }) : { inputs, attributes };
    if (content.inputs[1]) return content;
    // Since 18 the number of equal parts has to be stated.
    return { ...content, attributes: { ...content.attributes, num_outputs: outputs } };
  }
  if (operator === 'Dropout' && version < 12) {
    // Outside training dropout is the identity, whatever its ratio.
    const { ratio: _, ...others } = attributes;
    return { inputs, attributes: others };
  }
  return { inputs, attributes };
}

function asInput(graph: Graph, name: string, { inputs, attributes }: NodeContent): NodeContent {
  const { [name]: given, ...others } = attributes;
  if (!Array.isArray(given)) return { inputs, attributes };
  return { inputs: [inputs[0], graph.integers(given as number[])], attributes: others };
}
