import { fail } from '@bigrid/errors';
import type { Attribute } from './graph.ts';
import {
  ATTRIBUTE,
  GRAPH,
  KIND,
  MODEL,
  NODE,
  OPERATOR_SET_ID,
  TENSOR,
  VALUE,
} from './onnx-format.ts';
import { attempt, modelFields, readEntry } from './read-model.ts';
import { readTensor } from './read-tensor.ts';
import type { Tensor } from './tensor.ts';
import { bytesIn, type Field, fieldsOf, integersIn, numbersIn, textIn } from './wire-format.ts';

/** Ten times as many as the largest backbones have: a file of empty nodes must not fill the memory. */
const MOST_NODES = 100_000;

/** A node as stated in the file. Its attributes are decoded on demand. */
export interface ForeignNode {
  readonly name: string;
  readonly operator: string;
  /** Empty for ONNX's own operators. */
  readonly domain: string;
  /** An empty name is an input or output that is left out. */
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  /** @throws WEIGHTS_INVALID if one is a graph, or malformed */
  attributes(): Record<string, Attribute>;
}

/** An ONNX model made by other tools. Views of the file's bytes: nothing large is decoded. */
export interface ForeignModel {
  /** Version of the ONNX operator set that it uses. */
  readonly operatorSet: number;
  readonly metadata: ReadonlyMap<string, string>;
  /** Its inputs by name, with ONNX's code of the element type; weights are not among them. */
  readonly inputs: ReadonlyMap<string, number>;
  readonly nodes: readonly ForeignNode[];
  /** Its tensors by name, decoded on demand, which throws WEIGHTS_INVALID if one is malformed. */
  readonly initialisers: ReadonlyMap<string, () => Tensor>;
}

/**
 * Reads an ONNX model of any origin, without running it and without trusting what it states.
 * @throws WEIGHTS_INVALID
 */
export function readForeignModel(bytes: Uint8Array): ForeignModel {
  return attempt(bytes, 'WEIGHTS_INVALID', () => {
    const metadata = new Map<string, string>();
    const inputs = new Map<string, number>();
    const initialisers = new Map<string, () => Tensor>();
    const nodes: ForeignNode[] = [];
    let operatorSet = 0;
    for (const field of modelFields(bytes)) {
      if (field.number === MODEL.metadata) metadata.set(...readEntry(field));
      if (field.number === MODEL.operatorSets) operatorSet = readVersion(field) ?? operatorSet;
      if (field.number !== MODEL.graph) continue;
      for (const part of fieldsOf(bytesIn(field))) {
        if (nodes.length + initialisers.size + inputs.size > MOST_NODES) tooMany();
        if (part.number === GRAPH.node) nodes.push(readNode(bytes, bytesIn(part)));
        if (part.number === GRAPH.input) inputs.set(...readInput(part));
        if (part.number !== GRAPH.initialiser) continue;
        const name = tensorName(part);
        if (initialisers.has(name)) {
          fail('WEIGHTS_INVALID', `Expected a new name for a tensor but received ${name} again`);
        }
        const message = bytesIn(part);
        initialisers.set(name, () =>
          attempt(bytes, 'WEIGHTS_INVALID', () => readTensor(message, 'WEIGHTS_INVALID')[1]),
        );
      }
    }
    // Before ONNX 1.4 (IR version 4), weights had to be listed among the inputs too.
    for (const name of initialisers.keys()) inputs.delete(name);
    return { operatorSet, metadata, inputs, nodes, initialisers };
  });
}

function tooMany(): never {
  return fail('WEIGHTS_INVALID', `Expected at most ${MOST_NODES} nodes but received more`);
}

/** The version of ONNX's own operator set; undefined for one of another domain. */
function readVersion(field: Field): number | undefined {
  let [domain, version] = ['', 1];
  for (const part of fieldsOf(bytesIn(field))) {
    if (part.number === OPERATOR_SET_ID.domain) domain = textIn(part);
    if (part.number === OPERATOR_SET_ID.version) for (const n of numbersIn(part)) version = n;
  }
  return isOwn(domain) ? version : undefined;
}

/** ONNX's own domain has two names. */
function isOwn(domain: string): boolean {
  return domain === '' || domain === 'ai.onnx';
}

function readNode(bytes: Uint8Array, message: Uint8Array): ForeignNode {
  let [name, operator, domain] = ['', '', ''];
  const inputs: string[] = [];
  const outputs: string[] = [];
  for (const field of fieldsOf(message)) {
    if (field.number === NODE.input) inputs.push(textIn(field));
    if (field.number === NODE.output) outputs.push(textIn(field));
    if (field.number === NODE.name) name = textIn(field);
    if (field.number === NODE.operator) operator = textIn(field);
    if (field.number === NODE.domain) domain = textIn(field);
  }
  const attributes = () =>
    attempt(bytes, 'WEIGHTS_INVALID', () => {
      const result: Record<string, Attribute> = {};
      for (const field of fieldsOf(message)) {
        if (field.number !== NODE.attribute) continue;
        const [key, value] = readAttribute(bytesIn(field), name || operator);
        result[key] = value;
      }
      return result;
    });
  return { name, operator, domain: isOwn(domain) ? '' : domain, inputs, outputs, attributes };
}

function readAttribute(message: Uint8Array, node: string): [name: string, value: Attribute] {
  const floats: number[] = [];
  const integers: number[] = [];
  const texts: string[] = [];
  let [name, kind, float, integer, text] = ['', 0, 0, 0, ''];
  let tensor: Uint8Array | undefined;
  for (const field of fieldsOf(message)) {
    if (field.number === ATTRIBUTE.name) name = textIn(field);
    if (field.number === ATTRIBUTE.kind) for (const n of numbersIn(field)) kind = n;
    if (field.number === ATTRIBUTE.float) float = floatsIn(field)[0] ?? 0;
    if (field.number === ATTRIBUTE.integer) for (const n of integersIn(field)) integer = Number(n);
    if (field.number === ATTRIBUTE.text) text = textIn(field);
    if (field.number === ATTRIBUTE.tensor) tensor = bytesIn(field);
    if (field.number === ATTRIBUTE.floats) for (const n of floatsIn(field)) floats.push(n);
    if (field.number === ATTRIBUTE.integers)
      for (const n of integersIn(field)) integers.push(Number(n));
    if (field.number === ATTRIBUTE.texts) texts.push(textIn(field));
  }
  const whole = [integer, ...integers].every(Number.isSafeInteger);
  if (kind === KIND.float) return [name, { float }];
  if (kind === KIND.integer && whole) return [name, integer];
  if (kind === KIND.text) return [name, text];
  if (kind === KIND.floats) return [name, { floats }];
  if (kind === KIND.integers && whole) return [name, integers];
  if (kind === KIND.texts) return [name, { strings: texts }];
  if (kind === KIND.tensor && tensor) {
    return [name, { tensor: readTensor(tensor, 'WEIGHTS_INVALID')[1] }];
  }
  return fail(
    'WEIGHTS_INVALID',
    `Expected numbers, texts or a tensor for attribute ${name} of node ${node} but received kind ${kind}; nodes with graphs inside (If, Loop, Scan) are not supported`,
  );
}

function floatsIn(field: Field): number[] {
  const bytes = bytesIn(field);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return Array.from({ length: Math.floor(bytes.length / 4) }, (_, i) =>
    view.getFloat32(4 * i, true),
  );
}

/** Name and element type of an input; type 0 if it is not a tensor. */
function readInput(field: Field): [name: string, type: number] {
  let [name, type] = ['', 0];
  for (const part of fieldsOf(bytesIn(field))) {
    if (part.number === VALUE.name) name = textIn(part);
    if (part.number !== VALUE.type) continue;
    for (const kind of fieldsOf(bytesIn(part))) {
      // Field 1 is a tensor, and in it field 1 the type of its elements.
      if (kind.number !== 1) continue;
      for (const tensor of fieldsOf(bytesIn(kind))) {
        if (tensor.number === 1) for (const n of numbersIn(tensor)) type = n;
      }
    }
  }
  return [name, type];
}

function tensorName(field: Field): string {
  for (const part of fieldsOf(bytesIn(field))) if (part.number === TENSOR.name) return textIn(part);
  return '';
}
