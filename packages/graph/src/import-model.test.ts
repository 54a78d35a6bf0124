import { isBigridError } from '@bigrid/errors';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { foreignFile, foreignNode } from '../testing/foreign-model.ts';
import { numbersOf, randomTensor, runGraph, seededRandom } from '../testing/run-graph.ts';
import type { Tensors } from './engine.ts';
import { readForeignModel } from './foreign-model.ts';
import { Graph } from './graph.ts';
import { importModel } from './import-model.ts';
import { nearest } from './nearest.ts';
import { ATTRIBUTE, dataTypes, GRAPH, KIND, NODE } from './onnx-format.ts';
import { bytesField, integerField, textField } from './wire-format.ts';

const image = randomTensor([1, 3, 8, 8], seededRandom(1));

/** The graph with a model spliced in, and its outputs for `image`: y0, y1 ... */
async function run(bytes: Uint8Array, taps: string[]): Promise<{ graph: Graph; outputs: Tensors }> {
  const graph = imported(bytes, taps);
  return { graph, outputs: await runGraph(graph, { image }) };
}

function imported(bytes: Uint8Array, taps: string[]): Graph {
  const graph = new Graph('ours');
  const image = graph.input('image', 'float32', [1, 3, 8, 8]);
  const values = importModel(readForeignModel(bytes), image, taps, 'theirs.');
  for (const [at, value] of values.entries()) {
    // The shape is not known: summed up it is.
    const sum = graph.node('ReduceSum', [value], { keepdims: 0 }, 'float32', []);
    graph.output(`y${at}`, sum);
  }
  return graph;
}

const sumOf = (values: Iterable<number>) => [...values].reduce((sum, value) => sum + value, 0);
const all = sumOf(image.data);
const first = sumOf(image.data.subarray(0, 64));
const relu = foreignNode('Relu', ['x'], ['y']);

describe('what older operator sets write otherwise gives the same numbers', () => {
  const longs = (name: string, values: number[]) => ({
    name,
    type: dataTypes.int64,
    shape: [values.length],
    longs: values,
  });

  test.each([
    [
      'axes of ReduceMean',
      13,
      [foreignNode('ReduceMean', ['x'], ['y'], { axes: [2, 3] })],
      all / 64,
    ],
    ['axes of ReduceSum', 11, [foreignNode('ReduceSum', ['x'], ['y'], { axes: [-1] })], all],
    ['no axes of ReduceMax', 13, [foreignNode('ReduceMax', ['x'], ['y'])], Math.max(...image.data)],
    [
      'axes of Unsqueeze and Squeeze',
      11,
      [
        foreignNode('Unsqueeze', ['x'], ['wide'], { axes: [0] }),
        foreignNode('Squeeze', ['wide'], ['y'], { axes: [0] }),
      ],
      all,
    ],
    [
      'parts of Split',
      11,
      [foreignNode('Split', ['x'], ['y', 'z'], { axis: 1, split: [1, 2] })],
      first,
    ],
    [
      'equal parts of Split',
      13,
      [foreignNode('Split', ['x'], ['y', 'w', 'z'], { axis: 1 })],
      first,
    ],
    [
      'the share of Dropout',
      11,
      [foreignNode('Dropout', ['x'], ['y'], { ratio: { float: 0.5 } })],
      all,
    ],
    ['Softmax', 13, [foreignNode('Softmax', ['x'], ['y'], { axis: 1 })], 64],
  ])('%s in operator set %i', async (_, version, nodes, expected) => {
    const { outputs } = await run(foreignFile(nodes, { version }), ['y']);
    expect(numbersOf(outputs, 'y0')[0]).toBeCloseTo(expected, 3);
  });

  test('tensors as lists of numbers, also negative ones', async () => {
    const nodes = [
      foreignNode('Reshape', ['x', 'shape'], ['rows']),
      foreignNode('Slice', ['rows', 'starts', 'ends', 'axes'], ['row']),
      foreignNode('Mul', ['row', 'factor'], ['y']),
    ];
    const tensors = [
      longs('shape', [3, -1]),
      longs('starts', [-3]),
      longs('ends', [-2]),
      longs('axes', [0]),
      { name: 'factor', type: dataTypes.float32, shape: [], floats: [-0.5] },
    ];
    const { outputs } = await run(foreignFile(nodes, { tensors }), ['y']);
    expect(numbersOf(outputs, 'y0')[0]).toBeCloseTo(-0.5 * first, 4);
  });
});

describe('what is taken over', () => {
  test('the nodes that the taps need, under the prefix; weights of others are not even decoded', () => {
    const nodes = [relu, foreignNode('Conv', ['y', 'broken'], ['z'])];
    const tensors = [{ name: 'broken', type: 99, shape: [2 ** 50] }];
    const graph = imported(foreignFile(nodes, { tensors }), ['y']);
    expect(graph.nodes[0]?.output.name).toBe('theirs.y');
    expect(graph.nodes[0]?.inputs[0]?.name).toBe('image');
    expect([...graph.initialisers.keys()]).toEqual([]);
    expect(() => imported(foreignFile(nodes, { tensors }), ['z'])).toThrow(/type 99/);
  });

  test('several taps, in the order asked for, one of them twice, one by the name of its node', async () => {
    const nodes = [relu, foreignNode('Neg', ['y'], ['z'])];
    const { outputs } = await run(foreignFile(nodes), ['z', 'y', 'node of z', 'z']);
    const positive = sumOf(image.data.filter((value) => value > 0));
    const sums = [0, 1, 2, 3].map((at) => numbersOf(outputs, `y${at}`)[0] as number);
    expect(sums.map((sum) => Math.round(sum * 64))).toEqual(
      [-positive, positive, -positive, -positive].map((sum) => Math.round(sum * 64)),
    );
  });

  test('inputs that the taps do not need may be there', () => {
    expect(() => imported(foreignFile([relu], { inputs: ['x', 'other'] }), ['y'])).not.toThrow();
  });
});

describe('what cannot be taken over is refused', () => {
  const branch = bytesField(NODE.attribute, [
    textField(ATTRIBUTE.name, 'then_branch'),
    ...bytesField(ATTRIBUTE.graph, [textField(GRAPH.name, 'inner')]),
    integerField(ATTRIBUTE.kind, KIND.graph),
  ]);
  const four = new Uint8Array(4);
  const weight = { name: 'w', type: dataTypes.float32, shape: [1], floats: [1] };
  const add = foreignNode('Add', ['x', 'w'], ['y']);
  const external = { ...weight, floats: [], external: '/etc/passwd' };

  test.each([
    [
      'an older operator set',
      foreignFile([relu], { version: 9 }),
      /set 11 to 18 for the model but received 9/,
    ],
    [
      'a newer operator set',
      foreignFile([relu], { version: 21 }),
      /received 21: export it again, for example with opset_version=18/,
    ],
    [
      'Softmax as it was',
      foreignFile([foreignNode('Softmax', ['x'], ['y'])], { version: 12 }),
      /set 13 to 18 for Softmax/,
    ],
    [
      'operators of others',
      foreignFile([foreignNode('Gelu', ['x'], ['y'], {}, 'com.microsoft')]),
      /Gelu of com\.microsoft/,
    ],
    [
      'graphs inside nodes',
      foreignFile([[...relu, ...branch]]),
      /graphs inside \(If, Loop, Scan\)/,
    ],
    ['parts without a name', foreignFile([foreignNode('Split', ['x'], ['y', ''])]), /received y,$/],
    [
      'two inputs',
      foreignFile([foreignNode('Add', ['x', 'z'], ['y'])], { inputs: ['x', 'z'] }),
      /received x, z/,
    ],
    [
      'no input',
      foreignFile([foreignNode('Relu', ['w'], ['y'])], { tensors: [weight] }),
      /one input, the image, but received none/,
    ],
    [
      'an image of bytes',
      foreignFile([relu], { inputType: dataTypes.uint8 }),
      /float32 image .* for input x .* type 2$/,
    ],
    ['one name for two values', foreignFile([relu, relu]), /received y again/],
    [
      'one name for two tensors',
      foreignFile([add], { tensors: [weight, weight] }),
      /received w again/,
    ],
    [
      'a value that nothing makes',
      foreignFile([foreignNode('Add', ['x', 'ghost'], ['y'])]),
      /produces ghost/,
    ],
    [
      'nodes in a circle',
      foreignFile([foreignNode('Add', ['x', 'z'], ['y']), foreignNode('Relu', ['y'], ['z'])]),
      /node of y before the node that produces z/,
    ],
    ['elements in another file', foreignFile([add], { tensors: [external] }), /a single file/],
    [
      'fewer numbers than stated',
      foreignFile([add], { tensors: [{ ...weight, shape: [3] }] }),
      /received 1 numbers, shape \[3\]/,
    ],
    [
      'more numbers than stated',
      foreignFile([add], { tensors: [{ ...weight, floats: [1, 2] }] }),
      /received 2 numbers, shape \[1\]/,
    ],
    [
      'a size beyond any memory',
      foreignFile([add], { tensors: [{ ...weight, shape: [2 ** 40] }] }),
      /received 0 bytes, shape \[1099511627776\]/,
    ],
  ])('%s', (_, bytes, message) => {
    expect(() => imported(bytes, ['y'])).toThrow(
      expect.objectContaining({
        code: 'WEIGHTS_INVALID',
        message: expect.stringMatching(message),
      }),
    );
  });

  test('a tensor whose bytes are a number, once it is needed', () => {
    const bytes = foreignFile([add], { tensors: [{ name: 'w', shape: [1], data: four }] });
    const at = bytes.findIndex((byte, i) => byte === 0x4a && bytes[i + 1] === 4);
    // Field 9 becomes the number 4, and its bytes a field of their own.
    bytes[at] = 0x48;
    bytes.set([0x12, 2, 0, 0], at + 2);
    expect(() => imported(bytes, ['y'])).toThrow(
      expect.objectContaining({ code: 'WEIGHTS_INVALID' }),
    );
  });

  test('a file of millions of nodes', () => {
    const nodes = new Uint8Array(400_000).map((_, i) => (i % 2 === 0 ? 0x0a : 0));
    // Field 7, a message of 400,000 bytes; field 8, an empty operator set.
    const bytes = new Uint8Array([0x3a, 0x80, 0xb5, 0x18, ...nodes, 0x42, 0]);
    expect(() => readForeignModel(bytes)).toThrow(/at most 100000 nodes/);
  });

  test('whatever the bytes, it ends in a graph or in an error of ours', () => {
    const nodes = [add, foreignNode('ReduceMean', ['y'], ['z'], { axes: [1, 2], keepdims: 0 })];
    const whole = foreignFile(nodes, { version: 13, tensors: [weight] });
    const edit = fc.tuple(fc.nat(whole.length - 1), fc.nat(255));
    fc.assert(
      fc.property(
        fc.array(edit, { minLength: 1, maxLength: 6 }),
        fc.nat(whole.length),
        (edits, length) => {
          const bytes = whole.slice(0, length % 3 === 0 ? length : whole.length);
          for (const [at, byte] of edits) if (at < bytes.length) bytes[at] = byte;
          try {
            imported(bytes, ['z']);
          } catch (error) {
            if (!isBigridError(error)) throw error;
            expect(['WEIGHTS_INVALID', 'OPTION_INVALID']).toContain(error.code);
          }
        },
      ),
      { numRuns: 2000 },
    );
  });
});

test('the nearest names: those that contain the text, the last first, then those that differ least', () => {
  const names = ['conv1', 'layer1.0', 'layer1.1', 'layer2.0', 'head'];
  expect(nearest('layer1', names, 2)).toEqual(['layer1.1', 'layer1.0']);
  expect(nearest('Haed', names, 1)).toEqual(['head']);
  expect(nearest('', names, 1)).toHaveLength(1);
});
