import { float32, Graph, type Tensor } from '@bigrid/graph';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { runGraph } from '../testing/run-graph.ts';
import { tinyMethod } from '../testing/tiny.ts';
import {
  GAUSSIANS,
  gaussianDistance,
  gaussianSums,
  jointErrors,
  placesAlong,
} from './gaussians.ts';
import type { ParameterValues } from './parameters.ts';
import { Random } from './random.ts';
import { packedShape, packTriangles } from './triangles.ts';

const [CHANNELS, CELLS, ALONG] = [3, 4, 2];
const [AREA, PLACES] = [CELLS ** 2, ALONG ** 2];
const random = new Random(3);
const numbers = (count: number) => random.array(count, () => random.normal());

/** The place of a cell. */
const placeOf = (cell: number) =>
  ALONG * Math.floor(Math.floor(cell / CELLS) / 2) + Math.floor((cell % CELLS) / 2);

// Whole numbers up to 127 are stored without rounding.
const directions = Array.from({ length: PLACES * CHANNELS }, (_, row) =>
  [0, 1, 2].map((column) =>
    column > row % 3 ? 0 : column === row % 3 ? 127 : random.integer(-90, 90),
  ),
);
const lengths = numbers(directions.length).map(Math.abs);
const means = numbers(PLACES * CHANNELS);
const counts = [1, 3, 8, 100];
const identity = [1, 0, 0, 0, 1, 0, 0, 0, 1];
const gaussians: ParameterValues = new Map([
  [GAUSSIANS.metric, float32([1, CHANNELS, CHANNELS], identity)],
  [GAUSSIANS.means, float32([1, PLACES, CHANNELS], means)],
  [
    GAUSSIANS.directions,
    float32(
      [1, ...packedShape(PLACES, CHANNELS)],
      packTriangles(Float32Array.from(directions.flat()), CHANNELS),
    ),
  ],
  [GAUSSIANS.lengths, float32([1, PLACES, CHANNELS], lengths)],
  [GAUSSIANS.counts, float32([1, PLACES], counts)],
]);
const features = float32([1, CHANNELS, CELLS, CELLS], numbers(CHANNELS * AREA));

describe('placesAlong', () => {
  it('divides the cells into at most as many places as wanted, of 2 x 2 cells or more', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 2, max: 128 }),
        fc.integer({ min: 1, max: 20 }),
        (cells, wanted) => {
          const along = placesAlong(cells, wanted);
          expect(cells % along).toBe(0);
          expect(along).toBeLessThanOrEqual(Math.min(wanted, cells / 2));
        },
      ),
    );
    expect([placesAlong(32, 16), placesAlong(28, 16), placesAlong(31, 16)]).toEqual([16, 14, 1]);
  });
});

describe('gaussianDistance', () => {
  it('is the length of what the inverse Cholesky factor of the place makes of a cell', async () => {
    const graph = new Graph('distance');
    const seen = graph.input('features', 'float32', features.shape);
    graph.output(
      'distance',
      gaussianDistance(seen, (rows) => rows, gaussians),
    );
    const { distance } = await runGraph(graph, { features });
    const expected = Array.from({ length: AREA }, (_, cell) => {
      const first = placeOf(cell) * CHANNELS;
      const centred = [0, 1, 2].map(
        (channel) =>
          (features.data[channel * AREA + cell] as number) - (means[first + channel] as number),
      );
      const whitened = [0, 1, 2].map((row) => {
        const own = directions[first + row] as number[];
        const scale = (lengths[first + row] as number) / Math.hypot(...own);
        return own.reduce((sum, value, at) => sum + scale * value * (centred[at] as number), 0);
      });
      const count = counts[placeOf(cell)] as number;
      return Math.sqrt(count / (count + 1)) * Math.hypot(...whitened);
    });
    const found = [...(distance as Tensor<'float32'>).data];
    found.forEach((value, cell) => {
      expect(value).toBeCloseTo(expected[cell] as number, 4);
    });
  });
});

describe('gaussianSums', () => {
  it('sums the counted cells of each place over a batch', async () => {
    const method = { ...tinyMethod, cells: CELLS };
    const statistics = {
      mean: new Float32Array(CHANNELS),
      deviation: new Float32Array(CHANNELS).fill(1),
    };
    const metric = float32([CHANNELS, CHANNELS], identity);
    const graph = gaussianSums(method, statistics, metric, ALONG, 2);
    const halves = Float32Array.from(
      { length: 2 * CHANNELS * AREA },
      () => random.integer(-8, 8) / 4,
    );
    const { float32ToFloat16, tensor } = await import('@bigrid/graph');
    const counted = Float32Array.from({ length: 2 * AREA }, (_, cell) => (cell < AREA + 5 ? 1 : 0));
    const outputs = await runGraph(graph, {
      features: tensor('float16', [2, CHANNELS, CELLS, CELLS], float32ToFloat16(halves)),
      counted: tensor('float32', [2, 1, CELLS, CELLS], counted),
    });
    const data = (name: string) => [...(outputs[name] as Tensor<'float32'>).data];
    const counts = Array<number>(PLACES).fill(0);
    const sums = Array<number>(PLACES * CHANNELS).fill(0);
    const products = Array<number>(PLACES * CHANNELS ** 2).fill(0);
    for (let cell = 0; cell < AREA + 5; cell++) {
      const [image, own] = [Math.floor(cell / AREA), cell % AREA];
      const place = placeOf(own);
      const value = (channel: number) =>
        halves[(image * CHANNELS + channel) * AREA + own] as number;
      counts[place] = (counts[place] as number) + 1;
      for (let i = 0; i < CHANNELS; i++) {
        const at = place * CHANNELS + i;
        sums[at] = (sums[at] as number) + value(i);
        for (let j = 0; j < CHANNELS; j++)
          products[at * CHANNELS + j] =
            (products[at * CHANNELS + j] as number) + value(i) * value(j);
      }
    }
    expect(data('counts')).toEqual(counts);
    expect(data('sums')).toEqual(sums);
    expect(data('products')).toEqual(products);
  });
});

describe('jointErrors', () => {
  it('are the smaller of the error and the matched distance, and a share of the larger', async () => {
    const graph = new Graph('joint');
    const shape = [1, 1, 1, 4] as const;
    const error = graph.input('error', 'float32', shape);
    const distance = graph.input('distance', 'float32', shape);
    // Slope 0 up to 1, then 2, and from 3 on 5.
    const row = new Map([[GAUSSIANS.joinedMap, float32([1, 5], [1, 3, 2, 3, 0.25])]]);
    graph.output(
      'joint',
      jointErrors(error, distance, (rows) => rows, row, GAUSSIANS.joinedMap),
    );
    const { joint } = await runGraph(graph, {
      error: float32(shape, [4, 4, 4, 4]),
      distance: float32(shape, [0.5, 2, 3, 5]),
    });
    const matched = [0, 2, 4, 14];
    expect([...(joint as Tensor<'float32'>).data]).toEqual(
      matched.map((own) => 0.75 * Math.min(own, 4) + 0.25 * Math.max(own, 4)),
    );
  });
});
