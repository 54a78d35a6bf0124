import type { ElementType, Port } from '@bigrid/inspect';

/** Triton's names of the element types. */
const types: Readonly<Record<ElementType, string>> = {
  float32: 'TYPE_FP32',
  float16: 'TYPE_FP16',
  int64: 'TYPE_INT64',
  int32: 'TYPE_INT32',
  int8: 'TYPE_INT8',
  uint8: 'TYPE_UINT8',
  bool: 'TYPE_BOOL',
};

export interface Ports {
  readonly inputs: readonly Port[];
  readonly outputs: readonly Port[];
}

/** `config.pbtxt` of a model, in protobuf's text format. Without batching: one image per request. */
export function tritonConfig(name: string, { inputs, outputs }: Ports): string {
  const list = (ports: readonly Port[]) => ports.map(describe).join(',\n');
  return `# Written once by Bigrid's export, never overwritten: edit it as needed.
name: "${name}"
backend: "onnxruntime"
max_batch_size: 0
input [
${list(inputs)}
]
output [
${list(outputs)}
]
`;
}

function describe({ name, type, shape }: Port): string {
  return `  {
    name: "${name}"
    data_type: ${types[type]}
    dims: [ ${sizesOf(shape).join(', ')} ]
  }`;
}

/**
 * Compares an existing configuration, which may have been edited, with a model: its name, its inputs and outputs, their
 * types and sizes. What the configuration leaves out is not compared.
 * @returns what the configuration states and what the model has, for the first contradiction; undefined if there is none
 */
export function contradictionIn(
  config: string,
  name: string,
  { inputs, outputs }: Ports,
): { readonly expected: string; readonly received: string } | undefined {
  const text = config.replaceAll(/#.*$/gm, '').replaceAll(/\s+/g, ' ');
  const stated = /^(?:[^{}]|\{(?:[^{}]|\{[^{}]*\})*\})*?\bname: ?"([^"]*)"/.exec(text)?.[1];
  if (stated !== undefined && stated !== name) {
    return { expected: `the model ${stated}`, received: `the model ${name}` };
  }
  const isBatched = Number(/\bmax_batch_size: ?(\d+)/.exec(text)?.[1] ?? 0) > 0;
  const sides = { input: inputs, output: outputs };
  for (const [side, ports] of Object.entries(sides)) {
    for (const block of blocksOf(text, side)) {
      const portName = /\bname: ?"([^"]*)"/.exec(block)?.[1];
      const type = /\bdata_type: ?(\w+)/.exec(block)?.[1];
      const dims = /\bdims: ?\[([^\]]*)\]/.exec(block)?.[1]?.split(',').map(Number);
      const port = ports.find((one) => one.name === portName);
      const expected = `the ${side} ${portName} ${type ?? ''} [${dims?.join(', ') ?? ''}]`;
      if (!port)
        return { expected, received: `${side}s ${ports.map((one) => one.name).join(', ')}` };
      const shape = isBatched ? port.shape.slice(1) : port.shape;
      const fits =
        (type === undefined || type === types[port.type]) &&
        (dims === undefined ||
          (dims.length === shape.length &&
            shape.every((size, at) => typeof size !== 'number' || size === dims[at])));
      if (!fits)
        return { expected, received: `${types[port.type]} [${sizesOf(shape).join(', ')}]` };
    }
  }
  return undefined;
}

/** The blocks of a repeated field, in braces, as a list or separately; blocks may be nested. */
function blocksOf(text: string, field: string): string[] {
  const block = String.raw`\{(?:[^{}]|\{[^{}]*\})*\}`;
  const lists = text.matchAll(
    new RegExp(String.raw`\b${field} ?:? ?\[?((?: ?${block} ?,?)+)`, 'g'),
  );
  return [...lists].flatMap(([, blocks = '']) => blocks.match(new RegExp(block, 'g')) ?? []);
}

function sizesOf(shape: Port['shape']): number[] {
  return shape.map((size) => (typeof size === 'number' ? size : -1));
}
