import {
  ATTRIBUTE,
  DIMENSION,
  dataTypes,
  ENTRY,
  GRAPH,
  KIND,
  MODEL,
  NODE,
  OPERATOR_SET_ID,
  SHAPE,
  TENSOR,
  TENSOR_TYPE,
  TYPE,
  VALUE,
} from '../src/onnx-format.ts';
import {
  bytesField,
  floatField,
  floatsField,
  integerField,
  integersField,
  join,
  textField,
} from '../src/wire-format.ts';

export type Attributes = Record<string, number | number[] | string | { float: number }>;

/** A node as others write it: the fields of its message. */
export function foreignNode(
  operator: string,
  inputs: string[],
  outputs: string[],
  attributes: Attributes = {},
  domain = '',
): Uint8Array[] {
  return [
    ...inputs.map((name) => textField(NODE.input, name)),
    ...outputs.map((name) => textField(NODE.output, name)),
    textField(NODE.name, `node of ${outputs[0]}`),
    textField(NODE.operator, operator),
    ...Object.entries(attributes).flatMap(([name, value]) =>
      bytesField(NODE.attribute, [textField(ATTRIBUTE.name, name), ...valueFields(value)]),
    ),
    textField(NODE.domain, domain),
  ];
}

function valueFields(value: Attributes[string]): Uint8Array[] {
  const kind = (code: number) => integerField(ATTRIBUTE.kind, code);
  if (typeof value === 'number')
    return [integerField(ATTRIBUTE.integer, value), kind(KIND.integer)];
  if (typeof value === 'string') return [textField(ATTRIBUTE.text, value), kind(KIND.text)];
  // As Python writes them: one field per number.
  if (Array.isArray(value)) {
    return [...value.map((n) => integerField(ATTRIBUTE.integers, n)), kind(KIND.integers)];
  }
  return [floatField(ATTRIBUTE.float, value.float), kind(KIND.float)];
}

/** A tensor as a file states it, whether that is true or not. */
export interface StatedTensor {
  readonly name: string;
  /** ONNX's code of the element type. */
  readonly type?: number;
  readonly shape: readonly number[];
  readonly floats?: readonly number[];
  readonly longs?: readonly number[];
  readonly data?: Uint8Array;
  /** Another file that holds the elements. */
  readonly external?: string;
}

/** The field of a graph that holds a tensor. */
export function initialiserField(tensor: StatedTensor): Uint8Array[] {
  const { name, type, shape, floats = [], longs = [], data, external } = tensor;
  const location = [textField(ENTRY.key, 'location'), textField(ENTRY.value, external ?? '')];
  return bytesField(GRAPH.initialiser, [
    ...integersField(TENSOR.shape, shape),
    ...(type === undefined ? [] : [integerField(TENSOR.type, type)]),
    ...floatsField(TENSOR.floats, floats),
    ...integersField(TENSOR.longs, longs),
    textField(TENSOR.name, name),
    ...(data ? bytesField(TENSOR.data, [data]) : []),
    ...(external === undefined
      ? []
      : [...bytesField(TENSOR.external, location), integerField(TENSOR.location, 1)]),
  ]);
}

/** A file as others write it, of inputs that are float32 [1, 3, 8, 8] unless told otherwise. */
export function foreignFile(
  nodes: readonly Uint8Array[][],
  options: {
    version?: number;
    tensors?: readonly StatedTensor[];
    inputType?: number;
    inputs?: string[];
  } = {},
): Uint8Array {
  const { version = 18, tensors = [], inputType = dataTypes.float32, inputs = ['x'] } = options;
  const sizes = [1, 3, 8, 8].flatMap((size) =>
    bytesField(SHAPE.dimension, [integerField(DIMENSION.size, size)]),
  );
  const type = bytesField(TYPE.tensor, [
    integerField(TENSOR_TYPE.element, inputType),
    ...bytesField(TENSOR_TYPE.shape, sizes),
  ]);
  const graph = [
    ...nodes.flatMap((node) => bytesField(GRAPH.node, node)),
    textField(GRAPH.name, 'foreign'),
    ...tensors.flatMap(initialiserField),
    ...inputs.flatMap((name) =>
      bytesField(GRAPH.input, [textField(VALUE.name, name), ...bytesField(VALUE.type, type)]),
    ),
  ];
  const operatorSet = [
    textField(OPERATOR_SET_ID.domain, ''),
    integerField(OPERATOR_SET_ID.version, version),
  ];
  return join([
    integerField(MODEL.irVersion, 8),
    ...bytesField(MODEL.graph, graph),
    ...bytesField(MODEL.operatorSets, operatorSet),
  ]);
}
