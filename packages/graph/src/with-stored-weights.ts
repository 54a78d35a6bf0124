import { Graph } from './graph.ts';
import { toModel } from './model.ts';
import { GRAPH, MODEL } from './onnx-format.ts';
import { cast, mul } from './operators/elementwise.ts';
import { attempt, modelFields } from './read-model.ts';
import { readTensor } from './read-tensor.ts';
import { stored, storedTensors, type WeightPrecision } from './weight-storage.ts';
import { bytesField, bytesIn, fieldsOf, join } from './wire-format.ts';

/**
 * The same model with its weights stored in fewer bits. The graph converts them back, from constants only, so an
 * engine does it once, when it loads the model, and then computes as before, with rounded weights. All other bytes
 * are unchanged.
 * @param precisionOf how to store the weight of that name; undefined keeps it
 * @throws BUNDLE_INVALID
 */
export function withStoredWeights(
  bytes: Uint8Array,
  precisionOf: (name: string) => WeightPrecision | undefined,
): Uint8Array {
  return attempt(bytes, 'BUNDLE_INVALID', () => {
    const weights = new Graph('weights');
    const model: Uint8Array[] = [];
    const graph: Uint8Array[] = [];
    for (const field of modelFields(bytes)) {
      if (field.number !== MODEL.graph) {
        model.push(field.encoded);
        continue;
      }
      for (const part of fieldsOf(bytesIn(field))) {
        const isStored =
          part.number === GRAPH.initialiser && store(weights, bytesIn(part), precisionOf);
        if (!isStored) graph.push(part.encoded);
      }
    }
    // Nodes run in order: those that restore weights come first.
    graph.unshift(...partsOf(toModel(weights)));
    return join([...model, ...bytesField(MODEL.graph, graph)]);
  });
}

/** Adds the stored weight and the nodes that restore it to a graph. @returns whether it can be stored */
function store(
  weights: Graph,
  initialiser: Uint8Array,
  precisionOf: (name: string) => WeightPrecision | undefined,
): boolean {
  const [name, value] = readTensor(initialiser, 'BUNDLE_INVALID');
  const precision = precisionOf(name);
  const weight = precision && stored(value, precision);
  if (!weight) return false;
  const parts = [...storedTensors(name, weight)].map((part) => weights.initialiser(...part));
  weights.scope('weights', () => {
    const [whole, scale] = parts.map((part) => cast(part, 'float32'));
    if (!whole) return;
    const float32 = scale ? mul(whole, scale) : whole;
    weights.output(name, cast(float32, value.type));
  });
  return true;
}

/** Nodes and initialisers of a model, as written. */
function partsOf(model: Uint8Array): Uint8Array[] {
  const parts: Uint8Array[] = [];
  for (const field of fieldsOf(model)) {
    if (field.number !== MODEL.graph) continue;
    for (const { number, encoded } of fieldsOf(bytesIn(field))) {
      if (number === GRAPH.node || number === GRAPH.initialiser) parts.push(encoded);
    }
  }
  return parts;
}
