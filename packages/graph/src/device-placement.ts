import { ATTRIBUTE, dataTypes, GRAPH, MODEL, NODE } from './onnx-format.ts';
import { attempt, modelFields } from './read-model.ts';
import { readPort } from './read-ports.ts';
import { readHeader } from './read-tensor.ts';
import { bytesIn, type Field, fieldsOf, numbersIn, textIn } from './wire-format.ts';

/** What a device can do beyond what every device can. */
export interface DeviceFeatures {
  /** Arithmetic in half precision; of WebGPU adapters (feature `shader-f16`), SwiftShader and many integrated GPUs lack it. */
  readonly halfPrecision: boolean;
}

interface Node {
  readonly name: string;
  readonly operator: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly integers: ReadonlyMap<string, number>;
  readonly bodies: readonly Uint8Array[];
}

/**
 * Nodes that providers of ONNX Runtime 1.30 take, and then fail to run: WebGPU any resize with antialias, CUDA that of 8-bit images
 * whose channels come last. What else a provider lacks it leaves to the processor by itself.
 */
const failing: readonly ((node: Node) => boolean)[] = [
  ({ operator, integers }) => operator === 'Resize' && integers.get('antialias') === 1,
];

/**
 * Names of the nodes of a model that have to run on the processor where all others run on a device: those that providers
 * fail on and, on a device without half precision, those with an input or output of float16.
 * @param model whose nodes are named and in topological order, as {@link toModel} writes them
 * @throws BUNDLE_INVALID
 */
export function nodesForProcessor(model: Uint8Array, device: DeviceFeatures): string[] {
  return attempt(model, 'BUNDLE_INVALID', () => {
    const kept: string[] = [];
    const halves = new Set<string>();
    for (const field of modelFields(model)) {
      if (field.number === MODEL.graph) visit(bytesIn(field), device, halves, kept);
    }
    return kept;
  });
}

/**
 * @param halves names of the float16 values so far; receives those of this graph
 * @param kept receives the names of nodes for the processor
 * @returns whether an output of the graph is float16
 */
function visit(
  graph: Uint8Array,
  device: DeviceFeatures,
  halves: Set<string>,
  kept: string[],
): boolean {
  const parts = [...fieldsOf(graph)];
  for (const part of parts) {
    const isInput = part.number === GRAPH.input;
    if (!isInput && part.number !== GRAPH.initialiser) continue;
    const { name, type } = isInput ? readPort(part) : readHeader(bytesIn(part), 'BUNDLE_INVALID');
    if (type === 'float16') halves.add(name);
  }
  for (const part of parts) {
    if (part.number !== GRAPH.node) continue;
    const node = readNode(part);
    const within = node.bodies.map((body) => visit(body, device, halves, kept)).includes(true);
    const takes = node.inputs.some((name) => halves.has(name));
    // Of operators other than Cast, a float16 input is taken for a float16 output; for the few to which this does not
    // apply, the nodes that follow run on the processor needlessly.
    const gives =
      node.operator === 'Cast' ? node.integers.get('to') === dataTypes.float16 : takes || within;
    if (gives) for (const name of node.outputs) halves.add(name);
    const lacks = !device.halfPrecision && (takes || gives);
    if (lacks || failing.some((fails) => fails(node))) kept.push(node.name);
  }
  return parts.some((part) => part.number === GRAPH.output && halves.has(readPort(part).name));
}

function readNode(part: Field): Node {
  let [name, operator] = ['', ''];
  const [inputs, outputs]: [string[], string[]] = [[], []];
  const integers = new Map<string, number>();
  const bodies: Uint8Array[] = [];
  for (const field of fieldsOf(bytesIn(part))) {
    if (field.number === NODE.name) name = textIn(field);
    if (field.number === NODE.operator) operator = textIn(field);
    if (field.number === NODE.input) inputs.push(textIn(field));
    if (field.number === NODE.output) outputs.push(textIn(field));
    if (field.number === NODE.attribute) readAttribute(field, integers, bodies);
  }
  return { name, operator, inputs, outputs, integers, bodies };
}

/** Adds an attribute to the integers or to the bodies, if it is one of them. */
function readAttribute(part: Field, integers: Map<string, number>, bodies: Uint8Array[]): void {
  let name = '';
  for (const field of fieldsOf(bytesIn(part))) {
    if (field.number === ATTRIBUTE.name) name = textIn(field);
    if (field.number === ATTRIBUTE.graph) bodies.push(bytesIn(field));
    if (field.number === ATTRIBUTE.integer) {
      for (const value of numbersIn(field)) integers.set(name, value);
    }
  }
}
