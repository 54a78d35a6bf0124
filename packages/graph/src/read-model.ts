import { fail, isBigridError } from '@bigrid/errors';
import onnxProto from 'onnx-proto';
import { dataTypes } from './model.ts';
import { bytesPerElement, type ElementType, fromBytes, sizeOf, type Tensor } from './tensor.ts';
import { bytesIn, type Field, fieldsOf, numbersIn, textIn } from './wire-format.ts';

// Numbers of the fields in onnx.proto that are read; all others are skipped.
const MODEL = { producerName: 2, graph: 7, operatorSets: 8, metadata: 14 };
const GRAPH = { node: 1, initialiser: 5 };
const TENSOR = { shape: 1, type: 2, name: 8, data: 9 };
const ENTRY = { key: 1, value: 2 };

/** More axes than any of our tensors has. */
const MOST_AXES = 8;

/** What can be read back from a serialised model without running it. */
export interface ReadModel {
  readonly producerName: string;
  readonly metadata: ReadonlyMap<string, string>;
  readonly initialisers: ReadonlyMap<string, Tensor>;
}

/**
 * Reads metadata and initialisers of an ONNX model. Every stated size is checked against the bytes that are
 * there, and nodes are not built, so that memory stays near the size of the file whatever it states.
 * @throws BUNDLE_INVALID
 */
export function readModel(bytes: Uint8Array): ReadModel {
  return attempt(bytes, () => {
    const metadata = new Map<string, string>();
    const initialisers = new Map<string, Tensor>();
    let producerName = '';
    for (const field of modelFields(bytes)) {
      if (field.number === MODEL.producerName) producerName = textIn(field);
      if (field.number === MODEL.metadata) metadata.set(...readEntry(field));
      if (field.number === MODEL.graph) readInitialisers(field, initialisers);
    }
    return { producerName, metadata, initialisers };
  });
}

/** The same model with other metadata; all other bytes stay as they are. @throws BUNDLE_INVALID */
export function withMetadata(
  bytes: Uint8Array,
  metadata: Readonly<Record<string, string>>,
): Uint8Array {
  const metadataProps = Object.entries(metadata).map(([key, value]) => ({ key, value }));
  const added = onnxProto.onnx.ModelProto.encode({ metadataProps }).finish();
  return attempt(bytes, () => {
    const result = new Uint8Array(bytes.length + added.length);
    let length = 0;
    for (const { number, encoded } of modelFields(bytes)) {
      if (number === MODEL.metadata) continue;
      result.set(encoded, length);
      length += encoded.length;
    }
    // Two messages, one after the other, are one message with the fields of both.
    result.set(added, length);
    return result.slice(0, length + added.length);
  });
}

/** The fields of a model. @throws Error unless it has operator sets and one graph, with nodes */
function* modelFields(bytes: Uint8Array): Generator<Field> {
  let graphs = 0;
  let operatorSets = 0;
  for (const field of fieldsOf(bytes)) {
    if (field.number === MODEL.graph && hasNodes(field)) graphs++;
    if (field.number === MODEL.operatorSets) operatorSets++;
    yield field;
  }
  if (graphs !== 1 || operatorSets === 0) {
    throw new Error(
      `Expected one graph and its operator sets but received ${graphs} and ${operatorSets}`,
    );
  }
}

function hasNodes(graph: Field): boolean {
  for (const { number } of fieldsOf(bytesIn(graph))) if (number === GRAPH.node) return true;
  return false;
}

function readEntry(entry: Field): [key: string, value: string] {
  let [key, value] = ['', ''];
  for (const field of fieldsOf(bytesIn(entry))) {
    if (field.number === ENTRY.key) key = textIn(field);
    if (field.number === ENTRY.value) value = textIn(field);
  }
  return [key, value];
}

function readInitialisers(graph: Field, initialisers: Map<string, Tensor>): void {
  for (const field of fieldsOf(bytesIn(graph))) {
    if (field.number !== GRAPH.initialiser) continue;
    const [name, value] = readTensor(bytesIn(field));
    if (initialisers.has(name)) {
      fail('BUNDLE_INVALID', `Expected a new name for an initialiser but received ${name} again`);
    }
    initialisers.set(name, value);
  }
}

function readTensor(message: Uint8Array): [name: string, value: Tensor] {
  const shape: number[] = [];
  let [name, code, data] = ['', 0, new Uint8Array()];
  for (const field of fieldsOf(message)) {
    if (field.number === TENSOR.name) name = textIn(field);
    if (field.number === TENSOR.data) data = new Uint8Array(bytesIn(field));
    if (field.number === TENSOR.type) for (const number of numbersIn(field)) code = number;
    if (field.number === TENSOR.shape) {
      for (const size of numbersIn(field)) {
        // Counted as they come: a list of sizes can be as long as the file.
        if (shape.push(size) > MOST_AXES) {
          fail(
            'BUNDLE_INVALID',
            `Expected at most ${MOST_AXES} axes for ${name} but received more`,
          );
        }
      }
    }
  }
  const type = (Object.keys(dataTypes) as ElementType[]).find((key) => dataTypes[key] === code);
  const stated = `shape [${shape.join(', ')}] and type ${type ?? code} for initialiser ${name}`;
  if (!type || sizeOf(shape) * bytesPerElement(type) !== data.length) {
    fail(
      'BUNDLE_INVALID',
      `Expected a known type and as many bytes as it needs but received ${data.length} bytes, ${stated}`,
    );
  }
  return [name, fromBytes(type, shape, data)];
}

function attempt<T>(bytes: Uint8Array, action: () => T): T {
  try {
    return action();
  } catch (cause) {
    if (isBigridError(cause)) throw cause;
    return fail(
      'BUNDLE_INVALID',
      `Expected an ONNX model but received ${bytes.byteLength} bytes that are not one, or only part of one`,
      { cause },
    );
  }
}
