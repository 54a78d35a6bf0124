import onnxProto, { type onnx as Onnx } from 'onnx-proto';
import type { Attribute, Body, Graph, GraphNode, Value } from './graph.ts';
import { bytesOf, type ElementType, type Tensor } from './tensor.ts';

/** ONNX operator set and format version of everything we emit: the oldest with antialiased Resize. */
export const OPERATOR_SET = 18;
const IR_VERSION = 8;

// The package is CommonJS: its namespace is the default export, its types are under `Onnx`.
const { onnx } = onnxProto;
const { DataType } = onnx.TensorProto;
/** ONNX's codes of our element types. */
export const dataTypes: Readonly<Record<ElementType, number>> = {
  float32: DataType.FLOAT,
  float16: DataType.FLOAT16,
  int64: DataType.INT64,
  int32: DataType.INT32,
  int8: DataType.INT8,
  uint8: DataType.UINT8,
  bool: DataType.BOOL,
};

export interface ModelOptions {
  /** Free key-value pairs that any reader of the file sees (`metadata_props`). */
  readonly metadata?: Readonly<Record<string, string>>;
  /** Shown by viewers. */
  readonly description?: string;
  readonly producerVersion?: string;
}

/** Serialises a graph as an ONNX model. Nodes and initialisers that no output depends on are left out. */
export function toModel(graph: Graph, options: ModelOptions = {}): Uint8Array {
  const live = liveNodes([...graph.outputs.values()]);
  const used = new Set([...live].flatMap((node) => node.inputs.map((input) => input?.name)));
  const model = onnx.ModelProto.create({
    irVersion: IR_VERSION,
    producerName: 'bigrid',
    producerVersion: options.producerVersion ?? '',
    docString: options.description ?? '',
    opsetImport: [{ domain: '', version: OPERATOR_SET }],
    metadataProps: Object.entries(options.metadata ?? {}).map(([key, value]) => ({ key, value })),
    graph: {
      name: graph.name,
      node: nodeProtos(graph.nodes, live),
      input: graph.inputs.map(valueInfo),
      output: [...graph.outputs].map(([, value]) => valueInfo(value)),
      initializer: [...graph.initialisers]
        .filter(([name]) => used.has(name))
        .map(([name, value]) => tensorProto(name, value)),
    },
  });
  const { buffer, byteOffset, byteLength } = onnx.ModelProto.encode(model).finish();
  // In Node it is a Buffer, whose `slice` shares memory where that of every other array copies.
  return new Uint8Array(buffer, byteOffset, byteLength);
}

function tensorProto(name: string, value: Tensor): Onnx.ITensorProto {
  const { type, shape } = value;
  return { name, dataType: dataTypes[type], dims: [...shape], rawData: bytesOf(value) };
}

/** The nodes that values depend on, those inside of others too. */
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

function nodeProtos(nodes: readonly GraphNode[], live: ReadonlySet<GraphNode>): Onnx.INodeProto[] {
  return nodes.filter((node) => live.has(node)).map((node) => nodeProto(node, live));
}

function nodeProto(node: GraphNode, live: ReadonlySet<GraphNode>): Onnx.INodeProto {
  const attributes = Object.entries(node.attributes).map(([name, value]) =>
    attributeProto(name, value),
  );
  return {
    opType: node.operator,
    name: node.name,
    input: node.inputs.map((input) => input?.name ?? ''),
    output: [node.output, ...(node.others ?? [])].map(({ name }) => name),
    attribute: node.body ? [...attributes, bodyProto(node, node.body, live)] : attributes,
  };
}

function bodyProto(
  { name }: GraphNode,
  { nodes, inputs, outputs }: Body,
  live: ReadonlySet<GraphNode>,
): Onnx.IAttributeProto {
  const body = {
    name: `${name}/body`,
    node: nodeProtos(nodes, live),
    input: inputs.map(valueInfo),
    output: outputs.map(valueInfo),
  };
  return { name: 'body', type: onnx.AttributeProto.AttributeType.GRAPH, g: body };
}

function attributeProto(name: string, value: Attribute): Onnx.IAttributeProto {
  const { AttributeType } = onnx.AttributeProto;
  if (name === 'to' && typeof value === 'string')
    return { name, type: AttributeType.INT, i: dataTypes[value as ElementType] };
  if (typeof value === 'number') return { name, type: AttributeType.INT, i: value };
  if (typeof value === 'string') {
    return { name, type: AttributeType.STRING, s: new TextEncoder().encode(value) };
  }
  if ('float' in value) return { name, type: AttributeType.FLOAT, f: value.float };
  if ('floats' in value) return { name, type: AttributeType.FLOATS, floats: [...value.floats] };
  if ('strings' in value) {
    const strings = value.strings.map((text) => new TextEncoder().encode(text));
    return { name, type: AttributeType.STRINGS, strings };
  }
  if ('tensor' in value) {
    return { name, type: AttributeType.TENSOR, t: tensorProto('', value.tensor) };
  }
  return { name, type: AttributeType.INTS, ints: [...value] };
}

function valueInfo(value: Value): Onnx.IValueInfoProto {
  return {
    name: value.name,
    type: {
      tensorType: {
        elemType: dataTypes[value.type],
        shape: {
          dim: value.shape.map((dimension) =>
            typeof dimension === 'number' ? { dimValue: dimension } : { dimParam: dimension },
          ),
        },
      },
    },
  };
}
