import type { ElementType } from './tensor.ts';

/** ONNX operator set and format version of everything we emit: the oldest with antialiased Resize. */
export const OPERATOR_SET = 18;
export const IR_VERSION = 8;

// Field numbers of onnx.proto by message. Readers skip all others.
export const MODEL = {
  irVersion: 1,
  producerName: 2,
  producerVersion: 3,
  description: 6,
  graph: 7,
  operatorSets: 8,
  metadata: 14,
};
export const OPERATOR_SET_ID = { domain: 1, version: 2 };
export const ENTRY = { key: 1, value: 2 };
export const GRAPH = { node: 1, name: 2, initialiser: 5, input: 11, output: 12 };
export const NODE = { input: 1, output: 2, name: 3, operator: 4, attribute: 5, domain: 7 };
export const ATTRIBUTE = {
  name: 1,
  float: 2,
  integer: 3,
  text: 4,
  tensor: 5,
  graph: 6,
  floats: 7,
  integers: 8,
  texts: 9,
  kind: 20,
};
export const TENSOR = {
  shape: 1,
  type: 2,
  floats: 4,
  integers: 5,
  longs: 7,
  name: 8,
  data: 9,
  external: 13,
  location: 14,
};
export const VALUE = { name: 1, type: 2 };
export const TYPE = { tensor: 1 };
export const TENSOR_TYPE = { element: 1, shape: 2 };
export const SHAPE = { dimension: 1 };
export const DIMENSION = { size: 1, name: 2 };

/** AttributeProto.AttributeType: which field holds the value. */
export const KIND = {
  float: 1,
  integer: 2,
  text: 3,
  tensor: 4,
  graph: 5,
  floats: 6,
  integers: 7,
  texts: 8,
};

/** TensorProto.DataLocation of a tensor whose elements are in another file. */
export const LOCATION_EXTERNAL = 1;

/** TensorProto.DataType of our element types. */
export const dataTypes: Readonly<Record<ElementType, number>> = {
  float32: 1,
  float16: 10,
  int64: 7,
  int32: 6,
  int8: 3,
  uint8: 2,
  bool: 9,
};

/** Our element type for ONNX's code; undefined for one that our graphs do not use. */
export function elementTypeOf(code: number): ElementType | undefined {
  const types = Object.keys(dataTypes) as ElementType[];
  return types.find((type) => dataTypes[type] === code);
}
