import { expect, test } from 'vitest';
import { Graph } from './graph.ts';
import { toModel } from './model.ts';
import { cast } from './operators/elementwise.ts';
import { readPorts } from './read-ports.ts';

test('inputs and outputs are read with their types, sizes and names of sizes', () => {
  const graph = new Graph('ports');
  const image = graph.input('image', 'uint8', [1, 'height', 300, 3]);
  const number = graph.input('number', 'float32', []);
  graph.output('half', cast(image, 'float16'));
  graph.output('same', number);
  expect(readPorts(toModel(graph))).toEqual({
    inputs: [
      { name: 'image', type: 'uint8', shape: [1, 'height', 300, 3] },
      { name: 'number', type: 'float32', shape: [] },
    ],
    outputs: [
      { name: 'half', type: 'float16', shape: [1, 'height', 300, 3] },
      { name: 'same', type: 'float32', shape: [] },
    ],
  });
});

test('what is no model is refused', () => {
  expect(() => readPorts(new TextEncoder().encode('no model'))).toThrow(
    expect.objectContaining({ code: 'BUNDLE_INVALID' }),
  );
});
