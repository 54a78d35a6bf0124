import { describe, expect, test } from 'vitest';
import { distance, golden } from '../../testing/golden.ts';
import { numbersOf, runGraph } from '../../testing/run-graph.ts';
import { gradients } from '../gradients.ts';
import { Graph, type Value } from '../graph.ts';
import { float32 } from '../tensor.ts';
import { bilinearRead } from './bilinear-read.ts';
import { mul } from './elementwise.ts';
import { reduceSum } from './reduce.ts';

interface BilinearGolden {
  readonly resolution: number;
  readonly channels: number;
  readonly count: number;
  readonly table: number[];
  readonly points: number[];
  readonly weights: number[];
  readonly read: number[];
  readonly tableGradient: number[];
  readonly pointsGradient: number[];
}

describe('bilinearRead', () => {
  test('reads, and passes gradients to the table and the points, as grid_sample does', async () => {
    const expected = golden<BilinearGolden>('bilinear-read');
    const { resolution, channels, count } = expected;
    const graph = new Graph('read');
    const table = graph.input('table', 'float32', [resolution ** 2, channels]);
    const points = graph.input('points', 'float32', [count, 2]);
    const weights = graph.constant(float32([count, channels], expected.weights));
    const read = bilinearRead(table, points, resolution);
    const [ofTable, ofPoints] = gradients(reduceSum(mul(read, weights)), [table, points]);
    graph.output('read', read);
    graph.output('ofTable', ofTable as Value);
    graph.output('ofPoints', ofPoints as Value);
    const outputs = await runGraph(graph, {
      table: float32([resolution ** 2, channels], expected.table),
      points: float32([count, 2], expected.points),
    });
    expect(distance(numbersOf(outputs, 'read'), expected.read)).toBeLessThan(2e-6);
    expect(distance(numbersOf(outputs, 'ofTable'), expected.tableGradient)).toBeLessThan(2e-6);
    expect(distance(numbersOf(outputs, 'ofPoints'), expected.pointsGradient)).toBeLessThan(1e-5);
  });

  test('refuses a table that is not square, and points that are not pairs', () => {
    const graph = new Graph('read');
    const table = graph.input('table', 'float32', [9, 2]);
    const points = graph.input('points', 'float32', [4, 2]);
    const message = (side: number) =>
      `Expected a table [${side ** 2}, channels] and points [count, 2] for Gather_1 but received`;
    expect(() => bilinearRead(table, points, 4)).toThrow(`${message(4)} [9, 2] and [4, 2]`);
    const triples = graph.input('triples', 'float32', [4, 3]);
    expect(() => bilinearRead(table, triples, 3)).toThrow(`${message(3)} [9, 2] and [4, 3]`);
  });
});
