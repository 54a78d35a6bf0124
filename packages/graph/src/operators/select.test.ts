import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { numbersOf, runGraph } from '../../testing/run-graph.ts';
import { Graph } from '../graph.ts';
import { float32, tensor } from '../tensor.ts';
import { gather, largest, scatter } from './select.ts';

const distinct = fc.uniqueArray(fc.integer({ min: -1000, max: 1000 }), {
  minLength: 2,
  maxLength: 12,
});

test('the largest elements, in descending order, and where they are', async () => {
  await fc.assert(
    fc.asyncProperty(distinct, fc.nat(), async (numbers, some) => {
      const count = 1 + (some % numbers.length);
      const graph = new Graph('largest');
      const x = graph.input('x', 'float32', [numbers.length]);
      const { values, indices } = largest(x, count);
      graph.output('values', values);
      // Every element put back where it was found.
      graph.output('replaced', scatter(x, indices, gather(x, indices)));
      graph.output('found', gather(x, indices));
      const outputs = await runGraph(graph, { x: float32([numbers.length], numbers) });
      const expected = numbers.toSorted((a, b) => b - a).slice(0, count);
      expect(numbersOf(outputs, 'values')).toEqual(expected);
      expect(numbersOf(outputs, 'found')).toEqual(expected);
      expect(numbersOf(outputs, 'replaced')).toEqual(numbers);
    }),
    { numRuns: 20 },
  );
});

test('rows in any order, and replaced elements', async () => {
  const graph = new Graph('rows');
  const rows = graph.input('rows', 'float32', [3, 2]);
  const at = graph.input('at', 'int64', [2]);
  graph.output('gathered', gather(rows, at));
  const vector = graph.input('vector', 'float32', [3]);
  graph.output('scattered', scatter(vector, at, graph.constant(float32([2], [7, 8]))));
  const outputs = await runGraph(graph, {
    rows: float32([3, 2], [0, 1, 2, 3, 4, 5]),
    at: tensor('int64', [2], BigInt64Array.of(2n, 0n)),
    vector: float32([3], [1, 2, 3]),
  });
  expect(outputs.gathered?.shape).toEqual([2, 2]);
  expect(numbersOf(outputs, 'gathered')).toEqual([4, 5, 0, 1]);
  expect(numbersOf(outputs, 'scattered')).toEqual([8, 2, 7]);
});

describe('shapes that do not fit are refused', () => {
  const graph = new Graph('wrong');
  const vector = graph.input('vector', 'float32', [3]);
  const matrix = graph.input('matrix', 'float32', [3, 2]);
  const at = graph.input('at', 'int64', [2]);
  test.each([
    ['more elements than there are', () => largest(vector, 4)],
    ['no elements', () => largest(vector, 0)],
    ['a matrix', () => largest(matrix, 1)],
    ['a matrix of indices', () => gather(vector, matrix)],
    ['fewer values than indices', () => scatter(vector, at, vector)],
    ['a matrix to scatter into', () => scatter(matrix, at, at)],
  ])('%s', (_, build) => {
    expect(build).toThrow(/^Expected .* but received/);
  });
});
