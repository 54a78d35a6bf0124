import { type ErrorCode, fail, isBigridError } from '@bigrid/errors';
import { metadataFields } from './model.ts';
import { ENTRY, GRAPH, MODEL } from './onnx-format.ts';
import { rawDataOf, readTensor } from './read-tensor.ts';
import type { Tensor } from './tensor.ts';
import { precisionIn, restored, type WeightPrecision } from './weight-storage.ts';
import { bytesIn, type Field, fieldsOf, join, textIn } from './wire-format.ts';

/** What can be read back from a serialised model without running it. */
export interface ReadModel {
  readonly producerName: string;
  readonly metadata: ReadonlyMap<string, string>;
  /** As the graph uses them: weights stored in fewer bits are float32 here. */
  readonly initialisers: ReadonlyMap<string, Tensor>;
  /** The precision that weights are stored in; undefined if all are stored as training wrote them. */
  readonly weights: WeightPrecision | undefined;
}

/**
 * Reads metadata and initialisers of an ONNX model. Every stated size is checked against the available bytes,
 * and nodes are not built, so memory use stays close to the size of the file, whatever it states.
 * @throws BUNDLE_INVALID
 */
export function readModel(bytes: Uint8Array): ReadModel {
  return attempt(bytes, 'BUNDLE_INVALID', () => {
    const metadata = new Map<string, string>();
    const initialisers = new Map<string, Tensor>();
    let producerName = '';
    for (const field of modelFields(bytes)) {
      if (field.number === MODEL.producerName) producerName = textIn(field);
      if (field.number === MODEL.metadata) metadata.set(...readEntry(field));
      if (field.number === MODEL.graph) readInitialisers(field, initialisers);
    }
    const weights = precisionIn(initialisers);
    return { producerName, metadata, initialisers: restored(initialisers), weights };
  });
}

/** The same model with other metadata; all other bytes are unchanged. @throws BUNDLE_INVALID */
export function withMetadata(
  bytes: Uint8Array,
  metadata: Readonly<Record<string, string>>,
): Uint8Array {
  return attempt(bytes, 'BUNDLE_INVALID', () => {
    const kept = [...modelFields(bytes)].filter(({ number }) => number !== MODEL.metadata);
    return join([...kept.map(({ encoded }) => encoded), ...metadataFields(metadata)]);
  });
}

/**
 * The same model with other elements in one initialiser, whose type and shape are unchanged.
 * @param elements raw, as many bytes as before
 * @returns undefined if there is no such initialiser
 * @throws BUNDLE_INVALID
 */
export function withElements(
  bytes: Uint8Array,
  name: string,
  elements: Uint8Array,
): Uint8Array | undefined {
  return attempt(bytes, 'BUNDLE_INVALID', () => {
    const result = bytes.slice();
    for (const model of modelFields(result)) {
      if (model.number !== MODEL.graph) continue;
      for (const graph of fieldsOf(bytesIn(model))) {
        if (graph.number !== GRAPH.initialiser) continue;
        // Fields read from `result` are views of it.
        const data = rawDataOf(bytesIn(graph), name);
        if (data?.length !== elements.length) continue;
        data.set(elements);
        return result;
      }
    }
    return undefined;
  });
}

/** The fields of a model. @throws Error unless it has operator sets and one graph, with nodes */
export function* modelFields(bytes: Uint8Array): Generator<Field> {
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

/** One key-value pair, as in `metadata_props`. */
export function readEntry(entry: Field): [key: string, value: string] {
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
    const [name, value] = readTensor(bytesIn(field), 'BUNDLE_INVALID');
    if (initialisers.has(name)) {
      fail('BUNDLE_INVALID', `Expected a new name for an initialiser but received ${name} again`);
    }
    initialisers.set(name, value);
  }
}

/**
 * Runs a reader of a model's bytes and turns whatever it throws on damaged ones into one error.
 * @throws BigridError of that code
 */
export function attempt<T>(bytes: Uint8Array, code: ErrorCode, action: () => T): T {
  try {
    return action();
  } catch (cause) {
    if (isBigridError(cause)) throw cause;
    return fail(
      code,
      `Expected an ONNX model but received ${bytes.byteLength} bytes that are not one, or are truncated`,
      { cause },
    );
  }
}
