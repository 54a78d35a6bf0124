import { expect, test } from 'vitest';
import { nodesForProcessor } from './device-placement.ts';
import { Graph, type Value } from './graph.ts';
import { toModel } from './model.ts';
import { add, cast } from './operators/elementwise.ts';
import { resize } from './operators/image.ts';
import { sliceAt, transpose } from './operators/layout.ts';
import { mapItems } from './operators/map-items.ts';
import { tensor } from './tensor.ts';

const half = { halfPrecision: true };
const single = { halfPrecision: false };

function modelOf(build: (graph: Graph) => Value): Uint8Array {
  const graph = new Graph('placed');
  graph.output('result', build(graph));
  return toModel(graph);
}

test('keeps only the resize that is antialiased', () => {
  const model = modelOf((graph) => {
    const image = graph.input('image', 'float32', [1, 1, 4, 4]);
    return resize(resize(image, [8, 8], 'nchw', false), [2, 2], 'nchw', true);
  });
  expect(nodesForProcessor(model, half)).toEqual(['Resize_2']);
  expect(nodesForProcessor(model, single)).toEqual(['Resize_2']);
});

test('keeps every node with an input or output in half precision, on an adapter without it', () => {
  const model = modelOf((graph) => {
    const stored = graph.initialiser('stored', tensor('float16', [2, 3], new Uint16Array(6)));
    const given = graph.input('given', 'float16', [3, 2]);
    const turned = transpose(stored, [1, 0]);
    return add(cast(add(turned, given), 'float32'), 1);
  });
  expect(nodesForProcessor(model, half)).toEqual([]);
  expect(nodesForProcessor(model, single)).toEqual(['Transpose_1', 'Add_1', 'Cast_1']);
});

test('keeps what rounds a result to half precision, and the output', () => {
  const model = modelOf((graph) => cast(add(graph.input('x', 'float32', [2]), 1), 'float16'));
  expect(nodesForProcessor(model, single)).toEqual(['Cast_1', 'result']);
});

test('looks into the graphs inside of nodes', () => {
  const model = modelOf((graph) => {
    const image = graph.input('image', 'float32', [1, 1, 8, 8]);
    const starts = graph.input('starts', 'int64', ['windows', 2]);
    const [windows] = mapItems(starts, (at) => {
      const window = sliceAt(image, [2, 3], at, [4, 4]);
      return [cast(resize(window, [2, 2], 'nchw', true), 'float16')];
    }) as [Value];
    return cast(windows, 'float32');
  });
  expect(nodesForProcessor(model, half)).toEqual(['Resize_1']);
  expect(nodesForProcessor(model, single)).toEqual([
    'Resize_1',
    'Cast_1',
    'Identity_2',
    'Loop_1',
    'Cast_2',
  ]);
});

test('refuses bytes that are not a model', () => {
  expect(() => nodesForProcessor(Uint8Array.of(1, 2, 3), half)).toThrow(/Expected an ONNX model/);
});
