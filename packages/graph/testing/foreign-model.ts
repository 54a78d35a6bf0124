import onnxProto, { type onnx as Onnx } from 'onnx-proto';

const { onnx } = onnxProto;
const { AttributeType } = onnx.AttributeProto;
export const { DataType } = onnx.TensorProto;

export type Attributes = Record<string, number | number[] | string | { float: number }>;

/** A node as others write it. */
export function foreignNode(
  opType: string,
  input: string[],
  output: string[],
  attributes: Attributes = {},
  domain = '',
): Onnx.INodeProto {
  const attribute = Object.entries(attributes).map(([name, value]): Onnx.IAttributeProto => {
    if (typeof value === 'number') return { name, type: AttributeType.INT, i: value };
    if (typeof value === 'string')
      return { name, type: AttributeType.STRING, s: new TextEncoder().encode(value) };
    if (Array.isArray(value)) return { name, type: AttributeType.INTS, ints: value };
    return { name, type: AttributeType.FLOAT, f: value.float };
  });
  return { opType, name: `node of ${output[0]}`, input, output, attribute, domain };
}

/** A file as others write it, of one input `x`: float32 [1, 3, 8, 8] unless told otherwise. */
export function foreignFile(
  node: Onnx.INodeProto[],
  options: {
    version?: number;
    initializer?: Onnx.ITensorProto[];
    elemType?: number;
    inputs?: string[];
    change?: (model: Onnx.IModelProto) => void;
  } = {},
): Uint8Array {
  const { version = 18, initializer = [], elemType = DataType.FLOAT, inputs = ['x'] } = options;
  const model: Onnx.IModelProto = {
    irVersion: 8,
    opsetImport: [{ domain: '', version }],
    graph: {
      name: 'foreign',
      node,
      initializer,
      input: inputs.map((name) => ({
        name,
        type: {
          tensorType: { elemType, shape: { dim: [1, 3, 8, 8].map((dimValue) => ({ dimValue })) } },
        },
      })),
    },
  };
  options.change?.(model);
  return onnx.ModelProto.encode(onnx.ModelProto.create(model)).finish();
}
