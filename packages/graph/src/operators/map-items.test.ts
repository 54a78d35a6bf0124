import { expect, test } from 'vitest';
import { numbersOf, runGraph } from '../../testing/run-graph.ts';
import { gradients } from '../gradients.ts';
import { Graph } from '../graph.ts';
import { toModel } from '../model.ts';
import { readModel } from '../read-model.ts';
import { float32, tensor } from '../tensor.ts';
import { add, cast, mul } from './elementwise.ts';
import { reshape, sliceAt } from './layout.ts';
import { mapItems } from './map-items.ts';
import { reduceSum } from './reduce.ts';

/** Windows of 2 x 3 of a table, next to twice the windows and their sums. */
function windows() {
  const graph = new Graph('windows');
  const table = graph.input('table', 'float32', ['height', 4]);
  const starts = graph.input('starts', 'int64', ['count', 2]);
  const weight = graph.initialiser('weight', float32([], [2]));
  const unused = graph.initialiser('unused', float32([], [3]));
  const [doubled, sums, where] = mapItems(starts, (at) => {
    const window = sliceAt(table, [0, 1], at, [2, 3]);
    mul(window, unused);
    return [mul(window, weight), reduceSum(window, { keepDimensions: false }), at];
  });
  graph.output('doubled', doubled as never);
  graph.output('sums', sums as never);
  graph.output('where', where as never);
  return { graph, doubled, sums, where };
}

const table = float32(
  [3, 4],
  Array.from({ length: 12 }, (_, i) => i),
);

test('runs the body for each element, over values and weights from outside of it', async () => {
  const { graph, doubled, sums, where } = windows();
  expect([doubled?.shape, sums?.shape, where?.shape]).toEqual([
    ['count', 2, 3],
    ['count'],
    ['count', 2],
  ]);
  const starts = tensor('int64', [3, 2], BigInt64Array.of(0n, 0n, 1n, 1n, 1n, 0n));
  const outputs = await runGraph(graph, { table, starts });
  expect(outputs.doubled?.shape).toEqual([3, 2, 3]);
  expect(numbersOf(outputs, 'doubled').slice(6, 12)).toEqual([10, 12, 14, 18, 20, 22]);
  expect(numbersOf(outputs, 'sums')).toEqual([18, 48, 42]);
  expect(numbersOf(outputs, 'where')).toEqual([0, 0, 1, 1, 1, 0]);
});

test('keeps weights where any reader of the file finds them, and leaves out what nothing depends on', () => {
  const { initialisers } = readModel(toModel(windows().graph));
  expect(initialisers.has('weight')).toBe(true);
  expect(initialisers.has('unused')).toBe(false);
});

test('nodes after it are outside of it again, and one may lie in another', async () => {
  const graph = new Graph('nested');
  const rows = graph.input('rows', 'float32', [2, 3]);
  const [squares] = mapItems(rows, (row) => {
    const [own] = mapItems(row, (number) => [mul(number, number)]);
    return [add(own as never, reshape(reduceSum(row), [1]))];
  });
  graph.output('y', mul(squares as never, 10));
  const outputs = await runGraph(graph, { rows: float32([2, 3], [1, 2, 3, 4, 5, 6]) });
  expect(numbersOf(outputs, 'y')).toEqual([70, 100, 150, 310, 400, 510]);
});

test('has no gradient, also towards what its body reads from outside', () => {
  const graph = new Graph('gradient');
  const x = graph.input('x', 'float32', [2]);
  const numbers = graph.input('numbers', 'float32', [3]);
  const [scaled] = mapItems(numbers, (number) => [mul(x, number)]);
  const loss = add(reduceSum(scaled as never), reduceSum(x));
  expect(() => gradients(loss, [x])).toThrow(
    expect.objectContaining({ code: 'GRAPH_NO_GRADIENT' }),
  );
  const at = graph.input('at', 'int64', [1]);
  const window = cast(sliceAt(x, [0], at, [1]), 'float32');
  expect(() => gradients(reduceSum(window), [x])).toThrow(
    expect.objectContaining({ code: 'GRAPH_NO_GRADIENT' }),
  );
});

test('refuses what cannot be cut or gone along', () => {
  const graph = new Graph('refused');
  const x = graph.input('x', 'float32', [2, 4]);
  const at = graph.input('at', 'int64', [1]);
  const mismatch = expect.objectContaining({ code: 'GRAPH_SHAPE_MISMATCH' });
  expect(() => sliceAt(x, [1], at, [5])).toThrow(mismatch);
  expect(() => sliceAt(x, [0, 1], at, [1, 1])).toThrow(mismatch);
  expect(() => sliceAt(x, [1], at, [0])).toThrow(mismatch);
  expect(() => mapItems(graph.constant(1), (item) => [item])).toThrow(mismatch);
});
