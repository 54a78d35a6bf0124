import { float32, Graph } from '@bigrid/graph';
import { describe, expect, it } from 'vitest';
import { at, build, type Plain, readTable } from '../testing/plain.ts';
import { distance, normals, numbersOf, runGraph } from '../testing/run-graph.ts';
import { readGrid } from './grids.ts';
import { FixedParameters } from './parameters.ts';

const options = { channels: 3, cells: 4, localResolution: 5, globalResolution: 2 };
const batch = 2;
const area = options.cells ** 2;
const local = normals([25, 3], 1);
const global = normals([4, 3 * area], 2);
// Some points lie outside the tables.
const localPoints: Plain = { shape: [batch, 2, 4, 4], data: normals([batch, 2, 4, 4], 3, 0.7) };
const globalPoints: Plain = { shape: [batch, 2, 1, 1], data: [-0.3, 0.8, 0.1, -0.95] };

async function run() {
  const graph = new Graph('grid');
  const values = new Map([
    ['grid.local', float32([25, 3], local)],
    ['grid.global', float32([4, 3 * area], global)],
  ]);
  const points = {
    local: graph.constant(float32(localPoints.shape, localPoints.data)),
    global: graph.constant(float32(globalPoints.shape, globalPoints.data)),
  };
  const read = readGrid(new FixedParameters(graph, values), 'grid', points, options);
  graph.output('local', read.local);
  graph.output('global', read.global);
  return runGraph(graph);
}

describe('readGrid', () => {
  it('reads the local table once a cell, x along its columns', async () => {
    const expected = build([batch, 3, 4, 4], (b, c, row, column) => {
      const [x, y] = [0, 1].map((axis) => at(localPoints, b, axis, row, column));
      return readTable(local, 5, 3, x as number, y as number)[c] as number;
    });
    expect(distance(numbersOf(await run(), 'local'), expected.data)).toBeLessThan(1e-5);
  });

  it('reads the global table once an image, a whole feature map', async () => {
    const expected = build([batch, 3, 4, 4], (b, c, row, column) => {
      const [x, y] = [0, 1].map((axis) => at(globalPoints, b, axis, 0, 0));
      const entry = readTable(global, 2, 3 * area, x as number, y as number);
      return entry[c * area + row * 4 + column] as number;
    });
    expect(distance(numbersOf(await run(), 'global'), expected.data)).toBeLessThan(1e-5);
  });
});
