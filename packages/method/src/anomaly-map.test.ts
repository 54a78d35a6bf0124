import { float32, Graph } from '@bigrid/graph';
import { describe, expect, it } from 'vitest';
import { at, build, type Plain, sum } from '../testing/plain.ts';
import { distance, normals, numbersOf, runGraph } from '../testing/run-graph.ts';
import {
  cellErrors,
  channelWeights,
  imageScore,
  MAP_SIZE,
  mapMaker,
  tapEnergies,
} from './anomaly-map.ts';

const shape = [1, 3, 8, 8] as const;
const features: Plain = { shape, data: normals(shape, 1) };
const reconstruction: Plain = { shape, data: normals(shape, 2) };
const weights = Float32Array.of(0.5, 0.25, 2);

async function run(smoothing: number) {
  const graph = new Graph('map');
  const [f, r] = [features, reconstruction].map(({ data }) => graph.constant(float32(shape, data)));
  const map = mapMaker(graph, [8, 8], smoothing, 8)(cellErrors(f as never, r as never, weights));
  expect(map.shape).toEqual([1, 1, MAP_SIZE, MAP_SIZE]);
  graph.output('map', map);
  graph.output('score', imageScore(map));
  const outputs = await runGraph(graph);
  return { map: numbersOf(outputs, 'map'), score: numbersOf(outputs, 'score') };
}

/** Weighted L2 norm of the error of a cell; beyond the edge, that of the nearest cell. */
function errorAt(row: number, column: number): number {
  const [y, x] = [row, column].map((place) => Math.min(7, Math.max(0, place))) as [number, number];
  return Math.sqrt(
    sum(
      3,
      (c) =>
        (weights[c] as number) * (at(features, 0, c, y, x) - at(reconstruction, 0, c, y, x)) ** 2,
    ),
  );
}

/** Linear in both directions, centres of pixels at halves. */
function upsampled(): number[] {
  const cell = (pixel: number) => ((pixel + 0.5) * 8) / MAP_SIZE - 0.5;
  return Array.from(
    build([1, 1, MAP_SIZE, MAP_SIZE], (_, __, y, x) => {
      const [top, left] = [Math.floor(cell(y)), Math.floor(cell(x))];
      const [down, right] = [cell(y) - top, cell(x) - left];
      return (
        (1 - down) * ((1 - right) * errorAt(top, left) + right * errorAt(top, left + 1)) +
        down * ((1 - right) * errorAt(top + 1, left) + right * errorAt(top + 1, left + 1))
      );
    }).data,
  );
}

/** Mean of what is inside the image, weighted by a Gaussian of the distance, to four deviations. */
function smoothedAt(
  map: readonly number[],
  row: number,
  column: number,
  deviation: number,
): number {
  const radius = Math.ceil(4 * deviation);
  let [total, weight] = [0, 0];
  for (let y = Math.max(0, row - radius); y <= Math.min(MAP_SIZE - 1, row + radius); y++) {
    for (let x = Math.max(0, column - radius); x <= Math.min(MAP_SIZE - 1, column + radius); x++) {
      const w = Math.exp(-((y - row) ** 2 + (x - column) ** 2) / (2 * deviation ** 2));
      total += w * (map[y * MAP_SIZE + x] as number);
      weight += w;
    }
  }
  return total / weight;
}

describe('channelWeights', () => {
  it('are variances over the summed variance of the tap', () => {
    const deviations = Float32Array.of(1, 2, 3, 0.5, 0.5);
    const expected = [1 / 14, 4 / 14, 9 / 14, 0.5, 0.5];
    expect(
      distance(channelWeights(deviations, { tapChannels: [3, 2], tapCells: [4, 4] }), expected),
    ).toBeLessThan(1e-7);
  });

  it('count a tap of half the cells along a side as much less as the root of a half', () => {
    const taps = { tapChannels: [1, 1, 1], tapCells: [32, 16, 8] };
    const weights = channelWeights(Float32Array.of(1, 2, 3), taps);
    expect(distance(weights, [1, Math.SQRT1_2, 0.5])).toBeLessThan(1e-7);
  });

  it('are all of one where each tap has one channel', () => {
    const taps = { tapChannels: [1, 1], tapCells: [16, 16] };
    expect([...channelWeights(Float32Array.of(7, 0.1), taps)]).toEqual([1, 1]);
  });
});

describe('tapEnergies', () => {
  it('are the weighted squared errors of the channels of each tap', async () => {
    const graph = new Graph('energies');
    const [f, r] = [features, reconstruction].map(({ data }) =>
      graph.constant(float32(shape, data)),
    );
    const energies = tapEnergies(f as never, r as never, weights, { tapChannels: [1, 2] });
    expect(energies.shape).toEqual([1, 2, 8, 8]);
    graph.output('energies', energies);
    const part = (y: number, x: number, c: number) =>
      (weights[c] as number) * (at(features, 0, c, y, x) - at(reconstruction, 0, c, y, x)) ** 2;
    const wanted = build([1, 2, 8, 8], (_, tap, y, x) =>
      tap === 0 ? part(y, x, 0) : part(y, x, 1) + part(y, x, 2),
    );
    expect(distance(numbersOf(await runGraph(graph), 'energies'), wanted.data)).toBeLessThan(1e-4);
  });
});

describe('a map of cellErrors', () => {
  it('is the weighted L2 norm of the error, upsampled', async () => {
    expect(distance((await run(0)).map, upsampled())).toBeLessThan(1e-4);
  });

  it.each([1, 4, 5.5])(
    'is smoothed by a Gaussian of %f pixels, normalised at the edges',
    async (deviation) => {
      const { map } = await run(deviation);
      const sharp = upsampled();
      const places = [0, 1, 7, 15, 100, 128, 240, 254, 255];
      for (const row of places) {
        for (const column of places) {
          const expected = smoothedAt(sharp, row, column, deviation);
          expect(Math.abs((map[row * MAP_SIZE + column] as number) - expected)).toBeLessThan(1e-4);
        }
      }
    },
  );
});

describe('imageScore', () => {
  it('is the highest value of the map', async () => {
    const { map, score } = await run(2);
    expect(score).toEqual([Math.max(...map)]);
  });
});
