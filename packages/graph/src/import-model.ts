import { fail } from '@bigrid/errors';
import type { ForeignModel, ForeignNode } from './foreign-model.ts';
import type { Value } from './graph.ts';
import { nearest } from './nearest.ts';
import { dataTypes, OPERATOR_SET } from './onnx-format.ts';
import { OLDEST_OPERATOR_SET, toOurOperatorSet } from './operator-versions.ts';

/**
 * Splices the part of another model that computes the wanted values into the graph of `image`, unchanged: its nodes
 * and weights, whether our operators cover them or not. Names get the prefix, so that they cannot clash.
 * @param image replaces the model's only input, float32
 * @param wanted names of values, or of nodes, which stand for their first output
 * @returns the values in the order of `wanted`. Their shape is unknown: see {@link Graph.foreignNode}
 * @throws OPTION_INVALID for an unknown name, suggesting similar ones; WEIGHTS_INVALID for a model that cannot be
 *   imported
 */
export function importModel(
  model: ForeignModel,
  image: Value,
  wanted: readonly string[],
  prefix: string,
): Value[] {
  const producers = producersOf(model);
  const outputs = wanted.map((name) => resolve(model, producers, name));
  const needed = neededNodes(model, producers, outputs);
  checkOperators(model, needed);
  const values = new Map<string, Value>([[imageInput(model, needed), image]]);
  for (const node of model.nodes) {
    if (needed.has(node)) appendNode(model, node, values, image, prefix);
  }
  return outputs.map((name) => values.get(name) as Value);
}

function producersOf({ nodes, initialisers, inputs }: ForeignModel): Map<string, ForeignNode> {
  const producers = new Map<string, ForeignNode>();
  for (const node of nodes) {
    for (const name of node.outputs) {
      if (name === '') continue;
      if (producers.has(name) || initialisers.has(name) || inputs.has(name)) {
        fail('WEIGHTS_INVALID', `Expected a new name for a value but received ${name} again`);
      }
      producers.set(name, node);
    }
  }
  return producers;
}

/** The value that a name stands for: exporters name nodes and values alike, and viewers show nodes. */
function resolve(
  { nodes }: ForeignModel,
  producers: ReadonlyMap<string, ForeignNode>,
  name: string,
): string {
  if (producers.has(name)) return name;
  const output = nodes.find((node) => node.name === name)?.outputs[0];
  if (output) return output;
  const likely = nearest(name, [...producers.keys()], 3);
  return fail(
    'OPTION_INVALID',
    `Expected names of values in the model for taps, such as ${likely.join(', ')}, but received ${name}`,
  );
}

/** Every node that the outputs depend on. */
function neededNodes(
  { inputs, initialisers }: ForeignModel,
  producers: ReadonlyMap<string, ForeignNode>,
  outputs: readonly string[],
): Set<ForeignNode> {
  const needed = new Set<ForeignNode>();
  const open = [...outputs];
  for (let name = open.pop(); name !== undefined; name = open.pop()) {
    const node = producers.get(name);
    if (!node) {
      if (inputs.has(name) || initialisers.has(name)) continue;
      fail('WEIGHTS_INVALID', `Expected a node that produces ${name} but received none`);
    }
    if (needed.has(node)) continue;
    needed.add(node);
    for (const input of node.inputs) if (input !== '') open.push(input);
  }
  return needed;
}

function checkOperators({ operatorSet }: ForeignModel, needed: ReadonlySet<ForeignNode>): void {
  if (operatorSet < OLDEST_OPERATOR_SET || operatorSet > OPERATOR_SET) {
    fail(
      'WEIGHTS_INVALID',
      `Expected operator set ${OLDEST_OPERATOR_SET} to ${OPERATOR_SET} for the model but received ${operatorSet}: export it again, for example with opset_version=${OPERATOR_SET}`,
    );
  }
  for (const { domain, operator, outputs } of needed) {
    if (domain !== '') {
      fail(
        'WEIGHTS_INVALID',
        `Expected only ONNX operators up to the taps but received ${operator} of ${domain}`,
      );
    }
    // ONNX Runtime 1.30 crashes on one.
    if (operator === 'Split' && outputs.includes('')) {
      fail('WEIGHTS_INVALID', `Expected a name for every part of Split but received ${outputs}`);
    }
  }
}

/** The one input that the nodes read. */
function imageInput({ inputs }: ForeignModel, needed: ReadonlySet<ForeignNode>): string {
  const read = new Set<string>();
  for (const node of needed) for (const name of node.inputs) if (inputs.has(name)) read.add(name);
  const [name, ...others] = read;
  if (name === undefined || others.length > 0) {
    return fail(
      'WEIGHTS_INVALID',
      `Expected taps that depend on one input, the image, but received ${read.size === 0 ? 'none' : [...read].join(', ')}`,
    );
  }
  if (inputs.get(name) !== dataTypes.float32) {
    fail(
      'WEIGHTS_INVALID',
      `Expected a float32 image [batch, 3, height, width] for input ${name} but received ONNX's element type ${inputs.get(name)}`,
    );
  }
  return name;
}

function appendNode(
  model: ForeignModel,
  node: ForeignNode,
  values: Map<string, Value>,
  { graph }: Value,
  prefix: string,
): void {
  const found = (name: string) => {
    if (name === '') return undefined;
    const known = values.get(name);
    if (known) return known;
    const tensor = model.initialisers.get(name);
    if (!tensor) {
      return fail(
        'WEIGHTS_INVALID',
        `Expected nodes in the order in which they run but received ${node.name || node.operator} before the node that produces ${name}`,
      );
    }
    const weight = graph.initialiser(prefix + name, tensor());
    values.set(name, weight);
    return weight;
  };
  const { inputs, attributes } = toOurOperatorSet(
    graph,
    node.operator,
    model.operatorSet,
    { inputs: node.inputs.map(found), attributes: node.attributes() },
    node.outputs.length,
  );
  const names = node.outputs.map((name) => (name === '' ? '' : prefix + name));
  const made = graph.foreignNode(node.operator, inputs, attributes, names as [string, ...string[]]);
  for (const [at, name] of node.outputs.entries()) values.set(name, made[at] as Value);
}
