import { float32, Graph } from '@bigrid/graph';
import { describe, expect, it } from 'vitest';
import { distance, normals, numbersOf, runGraph } from '../testing/run-graph.ts';
import { beyondExpected, EXPECTED, nearestKind } from './expectation.ts';
import type { ParameterValues } from './parameters.ts';

const cells = 4;
const area = cells * cells;
const channels = 3;
const positive = (size: number, seed: number) =>
  normals([size], seed).map((x) => 0.2 + Math.abs(x));

function expected(prototypes: readonly (readonly number[])[]): ParameterValues {
  const kinds = prototypes.length;
  const field = (seed: number) => float32([kinds, area], positive(kinds * area, seed));
  return new Map([
    [EXPECTED.prototypes, float32([kinds, channels], prototypes.flat())],
    [EXPECTED.energy, field(1)],
    [EXPECTED.mean, field(2)],
    [EXPECTED.deviation, field(3)],
  ]);
}

const errors = { forMap: positive(area, 4), forScore: positive(area, 5) };

/** Features whose mean over the cells is given. */
function features(mean: readonly number[]): Float32Array {
  const noise = normals([channels, area], 6);
  return noise.map((value, at) => {
    const channel = Math.floor(at / area);
    const own = noise.slice(channel * area, (channel + 1) * area);
    return value - own.reduce((a, b) => a + b, 0) / area + (mean[channel] as number);
  });
}

async function run(parameters: ParameterValues, mean: readonly number[]) {
  const graph = new Graph('test');
  const shape = [1, 1, cells, cells];
  const [forMap, forScore] = [
    graph.input('forMap', 'float32', shape),
    graph.input('forScore', 'float32', shape),
  ];
  const seen = graph.input('features', 'float32', [1, channels, cells, cells]);
  const beyond = beyondExpected({ forMap, forScore }, nearestKind(seen, parameters), parameters);
  graph.output('map', beyond.forMap);
  graph.output('score', beyond.forScore);
  const outputs = await runGraph(graph, {
    forMap: float32(shape, errors.forMap),
    forScore: float32(shape, errors.forScore),
    features: float32([1, channels, cells, cells], features(mean)),
  });
  return { map: numbersOf(outputs, 'map'), score: numbersOf(outputs, 'score') };
}

/** The formulas, with a row for each tensor. */
function byHand(parameters: ParameterValues, row: (values: Float32Array) => Float32Array) {
  const [energy, mean, deviation] = [EXPECTED.energy, EXPECTED.mean, EXPECTED.deviation].map(
    (name) => row(parameters.get(name)?.data as Float32Array),
  ) as [Float32Array, Float32Array, Float32Array];
  const all = parameters.get(EXPECTED.energy)?.data as Float32Array;
  const least = (0.01 * all.reduce((a, b) => a + b, 0)) / all.length;
  return {
    map: Array.from(errors.forMap, (e, at) =>
      Math.sqrt(Math.max(least, e ** 2 - 0.75 * (energy[at] as number))),
    ),
    score: Array.from(errors.forScore, (e, at) =>
      Math.max(0, (e - (mean[at] as number)) / (deviation[at] as number)),
    ),
  };
}

const rowOf = (kind: number) => (values: Float32Array) =>
  values.subarray(kind * area, (kind + 1) * area);

describe('beyondExpected', () => {
  it('takes from each cell what is expected there', async () => {
    const parameters = expected([[0, 0, 0]]);
    const { map, score } = await run(parameters, [5, -3, 1]);
    const wanted = byHand(parameters, rowOf(0));
    expect(distance(map, wanted.map)).toBeLessThan(1e-5);
    expect(distance(score, wanted.score)).toBeLessThan(1e-4);
    expect(wanted.score.filter((value) => value === 0).length).toBeGreaterThan(0);
    expect(wanted.score.filter((value) => value > 0).length).toBeGreaterThan(0);
  });

  it.each([0, 1, 2])('goes by the nearest prototype: that of kind %i', async (kind) => {
    const prototypes = [
      [1, 0, 0],
      [0, 1, 0],
      [0, 0, 1],
    ];
    const parameters = expected(prototypes);
    const near = (prototypes[kind] as number[]).map((value) => 0.8 * value + 0.05);
    const { map, score } = await run(parameters, near);
    const wanted = byHand(parameters, rowOf(kind));
    expect(distance(map, wanted.map)).toBeLessThan(1e-5);
    expect(distance(score, wanted.score)).toBeLessThan(1e-4);
  });

  it('goes by the first of the prototypes that are as near', async () => {
    const parameters = expected([
      [9, 9, 9],
      [1, 2, 3],
      [1, 2, 3],
    ]);
    const { map } = await run(parameters, [0, 0, 0]);
    const wanted = byHand(parameters, rowOf(1));
    expect(distance(map, wanted.map)).toBeLessThan(1e-5);
  });

  it('says which tensor a bundle lacks', async () => {
    const parameters = expected([[0, 0, 0]]);
    parameters.delete(EXPECTED.deviation);
    await expect(run(parameters, [0, 0, 0])).rejects.toMatchObject({
      code: 'BUNDLE_INVALID',
      message: expect.stringContaining('expected.deviation'),
    });
  });
});
