import { describe, expect, test } from 'vitest';
import { distance } from '../../testing/golden.ts';
import { numbersOf, runGraph } from '../../testing/run-graph.ts';
import { Graph, type Value } from '../graph.ts';
import { float32 } from '../tensor.ts';
import { erf, gelu } from './elementwise.ts';
import { layerNormalization, softmax } from './normalisation.ts';

const rows = [
  [1, -2, 0.5],
  [10, 10, 10],
];
const input = float32([2, 3], rows.flat());

function of(build: (x: Value) => Value) {
  const graph = new Graph('rows');
  graph.output('y', build(graph.input('x', 'float32', [2, 3])));
  return runGraph(graph, { x: input }).then((outputs) => numbersOf(outputs, 'y'));
}

test('softmax shares 1 out along the last axis', async () => {
  const expected = rows.flatMap((row) => {
    const powers = row.map(Math.exp);
    const sum = powers.reduce((total, power) => total + power, 0);
    return powers.map((power) => power / sum);
  });
  expect(distance(await of(softmax), expected)).toBeLessThan(1e-6);
});

test('layer normalisation scales each row to mean 0 and variance 1, then each column', async () => {
  const [scale, bias] = [
    [2, 3, 4],
    [0, 1, 0],
  ];
  const normalised = rows.flatMap((row) => {
    const mean = row.reduce((sum, value) => sum + value, 0) / 3;
    const variance = row.reduce((sum, value) => sum + (value - mean) ** 2, 0) / 3;
    return row.map(
      (value, at) =>
        ((value - mean) / Math.sqrt(variance + 0.5)) * (scale[at] as number) + (bias[at] as number),
    );
  });
  const actual = await of((x) => {
    const perColumn = (values: readonly number[]) => x.graph.constant(float32([3], values));
    return layerNormalization(x, perColumn(scale), perColumn(bias), 0.5);
  });
  expect(distance(actual, normalised)).toBeLessThan(1e-5);
});

test('erf and gelu have the values of published tables', async () => {
  const ofErf = [0.8427007929, -0.995322265, 0.5204998778, 1, 1, 1];
  expect(distance(await of(erf), ofErf)).toBeLessThan(1e-6);
  const ofGelu = [0.8413447461, -0.0455002639, 0.3457312307, 10, 10, 10];
  expect(distance(await of(gelu), ofGelu)).toBeLessThan(1e-6);
});

describe('what does not fit is refused', () => {
  const graph = new Graph('wrong');
  const x = graph.input('x', 'float32', [2, 3]);
  const three = graph.input('three', 'float32', [3]);
  test.each([
    [
      'a scale of another length',
      () => layerNormalization(x, graph.input('s', 'float32', [2]), three, 1),
    ],
    [
      'a bias of another length',
      () => layerNormalization(x, three, graph.input('b', 'float32', []), 1),
    ],
    ['a single number', () => softmax(graph.input('number', 'float32', []))],
  ])('%s', (_, build) => {
    expect(build).toThrow(expect.objectContaining({ code: 'GRAPH_SHAPE_MISMATCH' }));
  });

  test('integers', () => {
    expect(() => softmax(graph.input('integers', 'int64', [3]))).toThrow(
      expect.objectContaining({ code: 'GRAPH_TYPE_MISMATCH' }),
    );
  });
});
