import { describe, expect, test } from 'vitest';
import { engine, numbersOf, randomTensor, seededRandom } from '../testing/run-graph.ts';
import { readForeignModel } from './foreign-model.ts';
import { Graph } from './graph.ts';
import { toModel } from './model.ts';
import { cast, mul } from './operators/elementwise.ts';
import { matMul } from './operators/linear.ts';
import { readModel } from './read-model.ts';
import { float32, float32ToFloat16, type Tensor, tensor } from './tensor.ts';
import { rounded, type WeightPrecision } from './weight-storage.ts';
import { withStoredWeights } from './with-stored-weights.ts';

const random = seededRandom(7);
const weight = float32(
  [64, 32],
  Float32Array.from({ length: 2048 }, () => random() * 3 - 1.5),
);
const floats = Float32Array.from({ length: 4096 }, () => random() - 0.5);
const table = tensor('float16', [32, 128], float32ToFloat16(floats));
const bias = randomTensor([1, 128], random);

/** x [1, 64] times a weight and a table, times a bias. */
function model(over: { weight?: Tensor<'float32'> } = {}): Uint8Array {
  const graph = new Graph('example');
  const x = graph.input('x', 'float32', [1, 64]);
  const wide = matMul(x, graph.initialiser('weight', over.weight ?? weight));
  const read = matMul(wide, cast(graph.initialiser('table', table), 'float32'));
  graph.output('y', mul(read, graph.initialiser('bias', bias)));
  return toModel(graph, { metadata: { key: 'value' }, producerVersion: '1.2.3' });
}

async function outputsOf(bytes: Uint8Array): Promise<number[]> {
  const session = await engine.load(bytes);
  const x = randomTensor([1, 64], seededRandom(3));
  const outputs = await session.run({ x });
  await session.dispose();
  return numbersOf(outputs, 'y');
}

const distance = (a: readonly number[], b: readonly number[]) =>
  Math.hypot(...a.map((value, i) => value - (b[i] as number))) / Math.hypot(...a);

describe('a model with weights stored in fewer bits', () => {
  test.each([
    ['float16', 1e-3, 2 * 2048 + 2 * 4096],
    ['int8', 2e-2, 2048 + 4 * 64 + 4096 + 4 * 32],
  ] as const)('%s: gives nearly the same', async (precision, tolerance, bytes) => {
    const small = withStoredWeights(model(), () => precision);
    const off = distance(await outputsOf(model()), await outputsOf(small));
    expect(off).toBeGreaterThan(0);
    expect(off).toBeLessThan(tolerance);
    // What remains in addition to the weights: bias, names, nodes.
    expect(small.length - bytes).toBeLessThan(1600);
    expect(readModel(small).metadata).toEqual(new Map([['key', 'value']]));
  });

  test.each<WeightPrecision>(['float16', 'int8'])(
    '%s: is read as what it computes with, under the names that weights had',
    async (precision) => {
      const read = readModel(withStoredWeights(model(), () => precision));
      const { initialisers } = read;
      expect([read.weights, readModel(model()).weights]).toEqual([precision, undefined]);
      expect(initialisers.get('weight')).toEqual(rounded(weight, precision));
      expect(initialisers.get('bias')).toEqual(bias);
      expect([...initialisers.keys()].sort()).toEqual(['bias', 'table', 'weight']);
      const same = model({ weight: initialisers.get('weight') as Tensor<'float32'> });
      const stored = withStoredWeights(model(), (name) =>
        name === 'weight' ? precision : undefined,
      );
      expect(await outputsOf(stored)).toEqual(await outputsOf(same));
    },
  );

  test('nodes come after those that make what they take, as the format wants it', () => {
    const file = readForeignModel(withStoredWeights(model(), () => 'int8'));
    const made = new Set(['x', ...file.initialisers.keys()]);
    for (const { inputs, outputs } of file.nodes) {
      expect(inputs.filter((name) => !made.has(name))).toEqual([]);
      for (const name of outputs) made.add(name);
    }
    expect(made.has('y')).toBe(true);
  });

  test('each row has a scale of its own, and one of zeros stays so', () => {
    const values = Float32Array.from({ length: 2048 }, (_, at) => {
      const row = Math.floor(at / 1024);
      return row === 0 ? 0 : 1000 + (at % 7);
    });
    const { data } = rounded(float32([2, 1024], values), 'int8');
    expect([data[0], data[1023]]).toEqual([0, 0]);
    for (let at = 1024; at < 2048; at++) {
      expect(Math.abs((data[at] as number) - (values[at] as number))).toBeLessThan(4);
    }
  });

  test.each([
    ['beyond half precision', 'float16', 1e6],
    ['no numbers', 'float16', Number.NaN],
    ['no numbers', 'int8', Number.NaN],
    ['infinite', 'int8', Number.POSITIVE_INFINITY],
  ] as const)('weights that are %s stay as they are: %s', (_, precision, value) => {
    const wide = float32([2, 1024], new Float32Array(2048).fill(value));
    expect(rounded(wide, precision)).toBe(wide);
  });

  test('part of one is refused', () => {
    const small = withStoredWeights(model(), () => 'int8');
    expect(() => withStoredWeights(small.subarray(0, small.length - 50), () => 'int8')).toThrow(
      expect.objectContaining({ code: 'BUNDLE_INVALID' }),
    );
  });

  test('scales that do not fit are refused', () => {
    const graph = new Graph('lying');
    const x = graph.input('x', 'float32', [1, 64]);
    const integers = tensor('int8', [64, 32], new Int8Array(2048));
    const scale = graph.initialiser('weight#scale', float32([2, 1], [1, 1]));
    const row = matMul(x, cast(graph.initialiser('weight#int8', integers), 'float32'));
    graph.output('y', mul(row, scale));
    expect(() => readModel(toModel(graph))).toThrow(
      expect.objectContaining({ code: 'BUNDLE_INVALID' }),
    );
  });
});
