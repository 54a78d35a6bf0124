import {
  DIMENSION,
  elementTypeOf,
  GRAPH,
  MODEL,
  SHAPE,
  TENSOR_TYPE,
  TYPE,
  VALUE,
} from './onnx-format.ts';
import { attempt, modelFields } from './read-model.ts';
import type { Dimension, Shape } from './shape.ts';
import type { ElementType } from './tensor.ts';
import { bytesIn, type Field, fieldsOf, numbersIn, textIn } from './wire-format.ts';

/** An input or an output of a model. */
export interface Port {
  readonly name: string;
  readonly type: ElementType;
  readonly shape: Shape;
}

/** The inputs and outputs that a model file states. @throws BUNDLE_INVALID */
export function readPorts(bytes: Uint8Array): { inputs: Port[]; outputs: Port[] } {
  return attempt(bytes, 'BUNDLE_INVALID', () => {
    const ports = { inputs: [] as Port[], outputs: [] as Port[] };
    for (const field of modelFields(bytes)) {
      if (field.number !== MODEL.graph) continue;
      for (const part of fieldsOf(bytesIn(field))) {
        if (part.number === GRAPH.input) ports.inputs.push(readPort(part));
        if (part.number === GRAPH.output) ports.outputs.push(readPort(part));
      }
    }
    return ports;
  });
}

/** One input or output, as stated. @throws Error if it is not a tensor of a known type */
export function readPort(field: Field): Port {
  let name = '';
  let code = 0;
  const shape: Dimension[] = [];
  for (const part of fieldsOf(bytesIn(field))) {
    if (part.number === VALUE.name) name = textIn(part);
    for (const tensor of within(part, VALUE.type, TYPE.tensor)) {
      if (tensor.number === TENSOR_TYPE.element) for (const n of numbersIn(tensor)) code = n;
      for (const dimension of within(tensor, TENSOR_TYPE.shape, SHAPE.dimension)) {
        if (dimension.number === DIMENSION.name) shape.push(textIn(dimension));
        if (dimension.number === DIMENSION.size) shape.push(...numbersIn(dimension));
      }
    }
  }
  const type = elementTypeOf(code);
  if (!type) throw new Error(`Expected a known type for ${name} but received ${code}`);
  return { name, type, shape };
}

/** The fields of a message two levels down; none if the field has another number. */
function* within(field: Field, outer: number, inner: number): Generator<Field> {
  if (field.number !== outer) return;
  for (const nested of fieldsOf(bytesIn(field))) {
    if (nested.number === inner) yield* fieldsOf(bytesIn(nested));
  }
}
