import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { everyFieldGraph } from '../testing/every-field.ts';
import { exampleGraph } from '../testing/example-graph.ts';
import { numbersOf, runGraph } from '../testing/run-graph.ts';
import { readForeignModel } from './foreign-model.ts';
import { Graph } from './graph.ts';
import { toModel } from './model.ts';
import { add, mul } from './operators/elementwise.ts';
import { readModel } from './read-model.ts';
import { float32 } from './tensor.ts';

describe('toModel', () => {
  test('leaves out nodes and initialisers that no output depends on', () => {
    const { nodes, initialisers } = readForeignModel(toModel(exampleGraph()));
    expect(nodes.map((node) => node.name)).toEqual([
      'features/Conv_1',
      'features/Relu_1',
      'features/Mul_1',
      'ReduceMean_1',
      'score',
      'counts_again',
    ]);
    expect([...initialisers.keys()]).toEqual([
      'weight',
      'scale',
      'constant/integers_1_2_3',
      'counts',
    ]);
  });

  test('writes the same bytes for the same graph, built and written twice', () => {
    const graph = exampleGraph();
    const first = toModel(graph, { metadata: { a: '1', b: '2' } });
    expect(toModel(graph, { metadata: { a: '1', b: '2' } })).toEqual(first);
    expect(toModel(exampleGraph(), { metadata: { a: '1', b: '2' } })).toEqual(first);
  });

  test('writes every kind of field as the Python package does, byte for byte', () => {
    const { graph, options } = everyFieldGraph();
    const file = readFileSync(new URL('./goldens/every-field.onnx', import.meta.url));
    expect(toModel(graph, options)).toEqual(new Uint8Array(file));
  });

  test('returns a plain array, whose slice is a copy', () => {
    const bytes = toModel(exampleGraph());
    bytes.slice().fill(0);
    expect(readModel(bytes).producerName).toBe('bigrid');
  });

  test('writes weights that are views into a larger buffer', async () => {
    const graph = new Graph('views');
    const numbers = Float32Array.of(9, 9, 1, 2, 9);
    const weight = graph.initialiser('w', float32([2], numbers.subarray(2, 4)));
    const view = graph.initialiser('view', {
      ...float32([2], [0, 0]),
      data: numbers.subarray(2, 4),
    });
    graph.output('sum', add(weight, view));
    expect(numbersOf(await runGraph(graph), 'sum')).toEqual([2, 4]);
  });
});

describe('names in a graph', () => {
  test('a name is taken once among inputs, initialisers and outputs', () => {
    const graph = new Graph('names');
    const x = graph.input('x', 'float32', [1]);
    expect(() => graph.input('x', 'float32', [1])).toThrow(/graph names but received x/);
    expect(() => graph.initialiser('x', float32([1], [1]))).toThrow(/received x/);
    graph.output('y', x);
    expect(() => graph.output('y', x)).toThrow(/received y/);
    expect(() => graph.output('x', x)).toThrow(/received x/);
  });

  test('a chosen name that looks like one of a node does not get in its way', () => {
    const graph = new Graph('names');
    const x = graph.input('Add_1', 'float32', [1]);
    expect(add(x, x).name).toBe('Add_2');
    expect(graph.nextName('Add')).toBe('Add_3');
  });

  test('scopes nest, and end also when their part fails', () => {
    const graph = new Graph('names');
    const x = graph.input('x', 'float32', [1]);
    const deep = graph.scope('outer', () => graph.scope('inner', () => add(x, 1)));
    expect(deep.name).toBe('outer/inner/Add_1');
    expect(() =>
      graph.scope('broken', () => {
        throw new Error('on purpose');
      }),
    ).toThrow('on purpose');
    expect(add(x, 1).name).toBe('Add_1');
  });

  test('equal scalars are one constant; zero and minus zero are two', async () => {
    const graph = new Graph('constants');
    expect(graph.constant(0.1)).toBe(graph.constant(0.1));
    const x = graph.input('x', 'float32', [1]);
    graph.output('plus', mul(x, 0));
    graph.output('minus', mul(x, -0));
    const outputs = await runGraph(graph, { x: float32([1], [2]) });
    expect(numbersOf(outputs, 'plus')).toEqual([0]);
    expect(numbersOf(outputs, 'minus')).toEqual([-0]);
  });
});
