import onnxProto from 'onnx-proto';
import { describe, expect, test } from 'vitest';
import { exampleGraph } from '../testing/example-graph.ts';
import { numbersOf, runGraph } from '../testing/run-graph.ts';
import { Graph } from './graph.ts';
import { OPERATOR_SET, toModel } from './model.ts';
import { add, mul } from './operators/elementwise.ts';
import { float32 } from './tensor.ts';

const decode = (bytes: Uint8Array) => onnxProto.onnx.ModelProto.decode(bytes);

describe('toModel', () => {
  test('leaves out nodes and initialisers that no output depends on', () => {
    const { graph } = decode(toModel(exampleGraph()));
    expect(graph?.node?.map((node) => node.name)).toEqual([
      'features/Conv_1',
      'features/Relu_1',
      'features/Mul_1',
      'ReduceMean_1',
      'score',
      'counts_again',
    ]);
    expect(graph?.initializer?.map(({ name }) => name)).toEqual([
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

  test('states the operator set, the producer, names, types and open sizes', () => {
    const model = decode(
      toModel(exampleGraph(), { producerVersion: '1.2.3', description: 'small' }),
    );
    expect(model.opsetImport?.map(({ domain, version }) => [domain, Number(version)])).toEqual([
      ['', OPERATOR_SET],
    ]);
    expect([model.producerName, model.producerVersion, model.docString]).toEqual([
      'bigrid',
      '1.2.3',
      'small',
    ]);
    const [input] = model.graph?.input ?? [];
    const sizes = input?.type?.tensorType?.shape?.dim?.map(
      (size) => size.dimParam || Number(size.dimValue),
    );
    expect([input?.name, input?.type?.tensorType?.elemType, sizes]).toEqual([
      'image',
      onnxProto.onnx.TensorProto.DataType.FLOAT,
      ['batch', 2, 4, 4],
    ]);
  });

  test('returns a plain array, whose slice is a copy', () => {
    const bytes = toModel(exampleGraph());
    bytes.slice().fill(0);
    expect(decode(bytes).producerName).toBe('bigrid');
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
