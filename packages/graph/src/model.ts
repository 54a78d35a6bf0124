import { fail } from '@bigrid/errors';
import onnxProto, { type onnx as Onnx } from 'onnx-proto';
import type { Attribute, Graph, GraphNode, Value } from './graph.ts';
import { bytesOf, type ElementType, fromBytes, sizeOf, type Tensor } from './tensor.ts';

/** ONNX operator set and format version of everything we emit: the oldest with antialiased Resize. */
export const OPERATOR_SET = 18;
const IR_VERSION = 8;

// The package is CommonJS: its namespace is the default export, its types are under `Onnx`.
const { onnx } = onnxProto;
const { DataType } = onnx.TensorProto;
const dataTypes: Readonly<Record<ElementType, number>> = {
  float32: DataType.FLOAT,
  float16: DataType.FLOAT16,
  int64: DataType.INT64,
  int32: DataType.INT32,
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
  const live = liveNodes(graph);
  const used = new Set(live.flatMap((node) => node.inputs.map((input) => input?.name)));
  const model = onnx.ModelProto.create({
    irVersion: IR_VERSION,
    producerName: 'bigrid',
    producerVersion: options.producerVersion ?? '',
    docString: options.description ?? '',
    opsetImport: [{ domain: '', version: OPERATOR_SET }],
    metadataProps: Object.entries(options.metadata ?? {}).map(([key, value]) => ({ key, value })),
    graph: {
      name: graph.name,
      node: live.map(nodeProto),
      input: graph.inputs.map(valueInfo),
      output: [...graph.outputs].map(([, value]) => valueInfo(value)),
      initializer: [...graph.initialisers]
        .filter(([name]) => used.has(name))
        .map(([name, value]) => ({
          name,
          dataType: dataTypes[value.type],
          dims: [...value.shape],
          rawData: bytesOf(value),
        })),
    },
  });
  return onnx.ModelProto.encode(model).finish();
}

/** What can be read back from a serialised model without running it. */
export interface ReadModel {
  readonly producerName: string;
  readonly metadata: ReadonlyMap<string, string>;
  readonly initialisers: ReadonlyMap<string, Tensor>;
}

/**
 * Reads metadata and initialisers of an ONNX model. Every stated size is checked against the bytes that are there.
 * @throws BUNDLE_INVALID
 */
export function readModel(bytes: Uint8Array): ReadModel {
  const model = decode(bytes);
  const initialisers = new Map<string, Tensor>();
  for (const proto of model.graph?.initializer ?? []) {
    const type = Object.entries(dataTypes).find(([, code]) => code === proto.dataType)?.[0];
    const shape = (proto.dims ?? []).map(Number);
    const raw = proto.rawData ?? new Uint8Array();
    const name = proto.name ?? '';
    if (!type || !shape.every((size) => Number.isSafeInteger(size) && size >= 0)) {
      fail(
        'BUNDLE_INVALID',
        `Expected a tensor of a known type and shape for initialiser ${name} but received type ${proto.dataType}, shape [${shape.join(', ')}]`,
      );
    }
    try {
      initialisers.set(name, fromBytes(type as ElementType, shape, raw));
    } catch (error) {
      fail(
        'BUNDLE_INVALID',
        `Expected ${sizeOf(shape)} elements for initialiser ${name} but received ${raw.byteLength} bytes`,
        { cause: error },
      );
    }
  }
  return {
    producerName: model.producerName ?? '',
    metadata: new Map(
      (model.metadataProps ?? []).map(({ key, value }) => [key ?? '', value ?? '']),
    ),
    initialisers,
  };
}

/** The same model with other metadata; graph and weights stay as they are. @throws BUNDLE_INVALID */
export function withMetadata(
  bytes: Uint8Array,
  metadata: Readonly<Record<string, string>>,
): Uint8Array {
  const model = decode(bytes);
  model.metadataProps = Object.entries(metadata).map(([key, value]) => ({ key, value }));
  return onnx.ModelProto.encode(model).finish();
}

function decode(bytes: Uint8Array) {
  try {
    const model = onnx.ModelProto.decode(bytes);
    if (!model.graph?.node?.length) throw new Error('no graph');
    return model;
  } catch (error) {
    return fail(
      'BUNDLE_INVALID',
      `Expected an ONNX model but received ${bytes.byteLength} bytes that are not one, or only part of one`,
      { cause: error },
    );
  }
}

function liveNodes(graph: Graph): GraphNode[] {
  const live = new Set<GraphNode>();
  const visit = [...graph.outputs.values()];
  while (visit.length > 0) {
    const node = (visit.pop() as Value).producer;
    if (!node || live.has(node)) continue;
    live.add(node);
    for (const input of node.inputs) if (input) visit.push(input);
  }
  return graph.nodes.filter((node) => live.has(node));
}

function nodeProto(node: GraphNode): Onnx.INodeProto {
  return {
    opType: node.operator,
    name: node.name,
    input: node.inputs.map((input) => input?.name ?? ''),
    output: [node.output.name],
    attribute: Object.entries(node.attributes).map(([name, value]) => attributeProto(name, value)),
  };
}

function attributeProto(name: string, value: Attribute): Onnx.IAttributeProto {
  const { AttributeType } = onnx.AttributeProto;
  if (name === 'to') return { name, type: AttributeType.INT, i: dataTypes[value as ElementType] };
  if (typeof value === 'number') return { name, type: AttributeType.INT, i: value };
  if (typeof value === 'string') {
    return { name, type: AttributeType.STRING, s: new TextEncoder().encode(value) };
  }
  if ('float' in value) return { name, type: AttributeType.FLOAT, f: value.float };
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
