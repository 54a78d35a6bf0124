import type { Attribute, Body, Graph, GraphNode, Value } from './graph.ts';
import {
  ATTRIBUTE,
  DIMENSION,
  dataTypes,
  ENTRY,
  GRAPH,
  IR_VERSION,
  KIND,
  MODEL,
  NODE,
  OPERATOR_SET,
  OPERATOR_SET_ID,
  SHAPE,
  TENSOR,
  TENSOR_TYPE,
  TYPE,
  VALUE,
} from './onnx-format.ts';
import { bytesOf, type ElementType, type Tensor } from './tensor.ts';
import {
  bytesField,
  floatField,
  floatsField,
  integerField,
  integersField,
  join,
  textField,
} from './wire-format.ts';

export interface ModelOptions {
  /** Key-value pairs of any content (`metadata_props`). */
  readonly metadata?: Readonly<Record<string, string>>;
  /** Shown by model viewers. */
  readonly description?: string;
  readonly producerVersion?: string;
}

/** Serialises a graph as an ONNX model. Nodes and initialisers that no output depends on are left out. */
export function toModel(graph: Graph, options: ModelOptions = {}): Uint8Array {
  const live = liveNodes([...graph.outputs.values()]);
  const used = new Set([...live].flatMap((node) => node.inputs.map((input) => input?.name)));
  const initialisers = [...graph.initialisers].filter(([name]) => used.has(name));
  return join([
    integerField(MODEL.irVersion, IR_VERSION),
    textField(MODEL.producerName, 'bigrid'),
    textField(MODEL.producerVersion, options.producerVersion ?? ''),
    textField(MODEL.description, options.description ?? ''),
    ...bytesField(MODEL.graph, [
      ...nodeFields(graph.nodes, live),
      textField(GRAPH.name, graph.name),
      ...initialisers.flatMap((entry) => bytesField(GRAPH.initialiser, tensorMessage(...entry))),
      ...graph.inputs.flatMap((value) => bytesField(GRAPH.input, valueMessage(value))),
      ...[...graph.outputs.values()].flatMap((value) =>
        bytesField(GRAPH.output, valueMessage(value)),
      ),
    ]),
    ...bytesField(MODEL.operatorSets, [
      textField(OPERATOR_SET_ID.domain, ''),
      integerField(OPERATOR_SET_ID.version, OPERATOR_SET),
    ]),
    ...metadataFields(options.metadata ?? {}),
  ]);
}

/** `metadata_props` as fields of a model. */
export function metadataFields(metadata: Readonly<Record<string, string>>): Uint8Array[] {
  return Object.entries(metadata).flatMap(([key, value]) =>
    bytesField(MODEL.metadata, [textField(ENTRY.key, key), textField(ENTRY.value, value)]),
  );
}

/** The nodes that values depend on, including nodes inside others. */
function liveNodes(outputs: readonly Value[]): ReadonlySet<GraphNode> {
  const live = new Set<GraphNode>();
  const visit = [...outputs];
  while (visit.length > 0) {
    const node = (visit.pop() as Value).producer;
    if (!node || live.has(node)) continue;
    live.add(node);
    for (const input of node.inputs) if (input) visit.push(input);
    visit.push(...(node.body?.outputs ?? []));
  }
  return live;
}

function nodeFields(nodes: readonly GraphNode[], live: ReadonlySet<GraphNode>): Uint8Array[] {
  return nodes
    .filter((node) => live.has(node))
    .flatMap((node) => bytesField(GRAPH.node, nodeMessage(node, live)));
}

function nodeMessage(node: GraphNode, live: ReadonlySet<GraphNode>): Uint8Array[] {
  const attributes = Object.entries(node.attributes).map(([name, value]) =>
    attributeMessage(name, value),
  );
  if (node.body) attributes.push(bodyMessage(node, node.body, live));
  return [
    ...node.inputs.map((input) => textField(NODE.input, input?.name ?? '')),
    ...[node.output, ...(node.others ?? [])].map(({ name }) => textField(NODE.output, name)),
    textField(NODE.name, node.name),
    textField(NODE.operator, node.operator),
    ...attributes.flatMap((message) => bytesField(NODE.attribute, message)),
  ];
}

function bodyMessage(
  { name }: GraphNode,
  { nodes, inputs, outputs }: Body,
  live: ReadonlySet<GraphNode>,
): Uint8Array[] {
  const body = [
    ...nodeFields(nodes, live),
    textField(GRAPH.name, `${name}/body`),
    ...inputs.flatMap((value) => bytesField(GRAPH.input, valueMessage(value))),
    ...outputs.flatMap((value) => bytesField(GRAPH.output, valueMessage(value))),
  ];
  return [
    textField(ATTRIBUTE.name, 'body'),
    ...bytesField(ATTRIBUTE.graph, body),
    integerField(ATTRIBUTE.kind, KIND.graph),
  ];
}

function attributeMessage(name: string, value: Attribute): Uint8Array[] {
  const [kind, ...fields] = attributeValue(name, value);
  return [textField(ATTRIBUTE.name, name), ...fields, integerField(ATTRIBUTE.kind, kind)];
}

function attributeValue(name: string, value: Attribute): [kind: number, ...Uint8Array[]] {
  if (name === 'to' && typeof value === 'string') {
    return [KIND.integer, integerField(ATTRIBUTE.integer, dataTypes[value as ElementType])];
  }
  if (typeof value === 'number') return [KIND.integer, integerField(ATTRIBUTE.integer, value)];
  if (typeof value === 'string') return [KIND.text, textField(ATTRIBUTE.text, value)];
  if ('float' in value) return [KIND.float, floatField(ATTRIBUTE.float, value.float)];
  if ('floats' in value) return [KIND.floats, ...floatsField(ATTRIBUTE.floats, value.floats)];
  if ('strings' in value) {
    return [KIND.texts, ...value.strings.map((text) => textField(ATTRIBUTE.texts, text))];
  }
  if ('tensor' in value) {
    return [KIND.tensor, ...bytesField(ATTRIBUTE.tensor, tensorMessage('', value.tensor))];
  }
  return [KIND.integers, ...integersField(ATTRIBUTE.integers, value)];
}

function tensorMessage(name: string, value: Tensor): Uint8Array[] {
  return [
    ...integersField(TENSOR.shape, value.shape),
    integerField(TENSOR.type, dataTypes[value.type]),
    textField(TENSOR.name, name),
    ...bytesField(TENSOR.data, [bytesOf(value)]),
  ];
}

function valueMessage({ name, type, shape }: Value): Uint8Array[] {
  const sizes = shape.flatMap((size) =>
    bytesField(SHAPE.dimension, [
      typeof size === 'number'
        ? integerField(DIMENSION.size, size)
        : textField(DIMENSION.name, size),
    ]),
  );
  const tensorType = [
    integerField(TENSOR_TYPE.element, dataTypes[type]),
    ...bytesField(TENSOR_TYPE.shape, sizes),
  ];
  return [
    textField(VALUE.name, name),
    ...bytesField(VALUE.type, bytesField(TYPE.tensor, tensorType)),
  ];
}
