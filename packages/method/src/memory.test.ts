import { float32, Graph, type Tensor } from '@bigrid/graph';
import { describe, expect, it } from 'vitest';
import { runGraph } from '../testing/run-graph.ts';
import { distanceToMemory, freeKinds, MEMORY, memoryErrors } from './memory.ts';
import type { ParameterValues } from './parameters.ts';
import { Random } from './random.ts';

const CHANNELS = 3;
const CELLS = 4;
const AREA = CELLS ** 2;

const random = new Random(5);
const numbers = (count: number) => random.array(count, () => random.normal());

/** A memory whose means of groups are two of its entries. */
function memory(): ParameterValues {
  const entries = numbers(5 * CHANNELS).map(Math.fround);
  // Half precision must not round them.
  const halves = entries.map((value) => Math.round(value * 64) / 64);
  const identity = [1, 0, 0, 0, 1, 0, 0, 0, 1];
  return new Map([
    [MEMORY.metric, float32([CHANNELS, CHANNELS], identity)],
    [MEMORY.coarse, float32([2, CHANNELS], halves.slice(0, 2 * CHANNELS))],
    [MEMORY.entries, float32([5, CHANNELS], halves)],
    [MEMORY.kinds, float32([1, 4], [1, 0.5, 0.25, 0.5])],
  ]);
}

const features = float32([1, CHANNELS, CELLS, CELLS], numbers(CHANNELS * AREA));

const squaredDistance = (cell: number, rows: Float32Array, row: number) =>
  [0, 1, 2].reduce((sum, channel) => {
    const own = features.data[channel * AREA + cell] as number;
    return sum + (own - (rows[row * CHANNELS + channel] as number)) ** 2;
  }, 0);

const nearest = (cell: number, { data, shape }: Tensor<'float32'>, excluded: number[] = []) =>
  Math.sqrt(
    Math.min(
      ...Array.from({ length: shape[0] as number }, (_, row) =>
        excluded.includes(row) ? Number.POSITIVE_INFINITY : squaredDistance(cell, data, row),
      ),
    ),
  );

async function distances(parameters: ParameterValues, excluded?: number[]) {
  const graph = new Graph('distances');
  const seen = graph.input('features', 'float32', features.shape);
  const penalty = excluded && graph.constant(float32([1, excluded.length], excluded));
  graph.output('distance', distanceToMemory(seen, parameters, penalty));
  const { distance } = await runGraph(graph, { features });
  return [...(distance as Tensor<'float32'>).data];
}

describe('the distance to the memory', () => {
  const parameters = memory();
  const entries = parameters.get(MEMORY.entries) as Tensor<'float32'>;
  const coarse = parameters.get(MEMORY.coarse) as Tensor<'float32'>;
  const cells = Array.from({ length: AREA }, (_, cell) => cell);
  const toMeans = cells.map((cell) => nearest(cell, coarse));
  const searched = cells.toSorted((a, b) => (toMeans[b] as number) - (toMeans[a] as number));
  const suspects = searched.slice(0, (3 / 8) * AREA);

  it('is that to the nearest entry for the cells furthest from all means of groups', async () => {
    const found = await distances(parameters);
    for (const cell of suspects) expect(found[cell]).toBeCloseTo(nearest(cell, entries), 4);
  });

  it('is that to the nearest mean for the others, scaled as the searched ones changed', async () => {
    const found = await distances(parameters);
    const sum = (values: readonly number[]) => values.reduce((a, b) => a + b, 0);
    const ratio =
      sum(suspects.map((cell) => nearest(cell, entries))) /
      sum(suspects.map((cell) => toMeans[cell] as number));
    for (const cell of searched.slice(suspects.length)) {
      expect(found[cell]).toBeCloseTo(ratio * (toMeans[cell] as number), 4);
    }
  });

  it('finds no excluded entry', async () => {
    const found = await distances(parameters, [1e6, 0, 0, 1e6, 0]);
    for (const cell of suspects) {
      expect(found[cell]).toBeCloseTo(nearest(cell, entries, [0, 3]), 3);
    }
  });

  it.each(Object.values(MEMORY))('needs %s', (name) => {
    const without = new Map(parameters);
    without.delete(name);
    const graph = new Graph('errors');
    const seen = graph.input('features', 'float32', features.shape);
    expect(() => memoryErrors(seen, (rows) => rows, without, 2)).toThrow(
      `Expected a tensor ${name} in the bundle but received none`,
    );
  });
});

it('gives errors in the units of the grids', async () => {
  const parameters = memory();
  const graph = new Graph('errors');
  const seen = graph.input('features', 'float32', features.shape);
  const { forMap, forScore } = memoryErrors(seen, (rows) => rows, parameters, 2);
  graph.output('forMap', forMap);
  graph.output('forScore', forScore);
  const outputs = await runGraph(graph, { features });
  const found = await distances(parameters);
  found.forEach((distance, cell) => {
    const beyond = Math.max(0.01, distance ** 2 / 0.5 - 1);
    const map = (outputs.forMap as Tensor<'float32'>).data[cell];
    expect(map).toBeCloseTo(Math.sqrt(2 * Math.log(1 + beyond)), 4);
    const score = (outputs.forScore as Tensor<'float32'>).data[cell];
    expect(score).toBeCloseTo(Math.max(0, (distance - 0.5) / 0.5), 4);
  });
});

it('knows which kinds lie freely', () => {
  const kinds = float32([3, 4], [1, 0, 1, 1, 0, 0, 1, 1, 1, 0, 1, 1]);
  expect(freeKinds(new Map([[MEMORY.kinds, kinds]]))).toEqual([true, false, true]);
  expect(freeKinds(new Map())).toEqual([]);
});
