import { float32, Graph, type Tensor } from '@bigrid/graph';
import { describe, expect, it } from 'vitest';
import { distance, normals, numbersOf, runGraph } from '../testing/run-graph.ts';
import { beyondExpected, EXPECTED, nearestKind } from './expectation.ts';
import type { ParameterValues } from './parameters.ts';

const cells = 4;
const area = cells * cells;
const taps = 2;
const channels = 3;
const positive = (size: number, seed: number) =>
  normals([size], seed).map((x) => 0.2 + Math.abs(x));

function expected(prototypes: readonly (readonly number[])[]): ParameterValues {
  const kinds = prototypes.length;
  const field = (seed: number, width = area) =>
    float32([kinds, width], positive(kinds * width, seed));
  return new Map([
    [EXPECTED.prototypes, float32([kinds, channels], prototypes.flat())],
    [EXPECTED.energy, field(1, taps * area)],
    [EXPECTED.mean, field(2)],
    [EXPECTED.deviation, field(3)],
  ]);
}

const errors = { energies: positive(taps * area, 4), forScore: positive(area, 5) };

/** Features whose mean over the cells is given. */
function features(mean: readonly number[]): Float32Array {
  const noise = normals([channels, area], 6);
  return noise.map((value, at) => {
    const channel = Math.floor(at / area);
    const own = noise.slice(channel * area, (channel + 1) * area);
    return value - own.reduce((a, b) => a + b, 0) / area + (mean[channel] as number);
  });
}

async function run(
  parameters: ParameterValues,
  mean: readonly number[],
  seenEnergies: Float32Array = errors.energies,
) {
  const graph = new Graph('test');
  const [many, one] = [
    [1, taps, cells, cells],
    [1, 1, cells, cells],
  ];
  const energies = graph.input('energies', 'float32', many);
  const forScore = graph.input('forScore', 'float32', one);
  const seen = graph.input('features', 'float32', [1, channels, cells, cells]);
  const { ofKind } = nearestKind(seen, parameters);
  const beyond = beyondExpected({ energies, forScore }, ofKind, parameters);
  graph.output('map', beyond.forMap);
  graph.output('score', beyond.forScore);
  const outputs = await runGraph(graph, {
    energies: float32(many, seenEnergies),
    forScore: float32(one, errors.forScore),
    features: float32([1, channels, cells, cells], features(mean)),
  });
  return { map: numbersOf(outputs, 'map'), score: numbersOf(outputs, 'score') };
}

/** The formulas, of the numbers of one kind. */
function byHand(parameters: ParameterValues, kind: number) {
  const [energy, mean, deviation] = [EXPECTED.energy, EXPECTED.mean, EXPECTED.deviation].map(
    (name) => {
      const { data, shape } = parameters.get(name) as Tensor<'float32'>;
      const [, width] = shape as [number, number];
      return data.subarray(kind * width, (kind + 1) * width);
    },
  ) as [Float32Array, Float32Array, Float32Array];
  const average = energy.reduce((a, b) => a + b, 0) / energy.length;
  const evidence = (at: number) =>
    Math.log1p(
      Math.max(0.01, ((errors.energies[at] as number) - (energy[at] as number)) / average),
    );
  return {
    map: Array.from({ length: area }, (_, cell) =>
      Math.sqrt(evidence(cell) + evidence(area + cell)),
    ),
    score: Array.from(errors.forScore, (e, at) =>
      Math.max(0, (e - (mean[at] as number)) / (deviation[at] as number)),
    ),
  };
}

describe('beyondExpected', () => {
  it('takes from each cell what is expected there', async () => {
    const parameters = expected([[0, 0, 0]]);
    const { map, score } = await run(parameters, [5, -3, 1]);
    const wanted = byHand(parameters, 0);
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
    const wanted = byHand(parameters, kind);
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
    const wanted = byHand(parameters, 1);
    expect(distance(map, wanted.map)).toBeLessThan(1e-5);
  });

  it('counts what two taps see for more than four times as much that one of them sees', async () => {
    const parameters = expected([[0, 0, 0]]);
    const seenBy = async (one: number, other: number) => {
      const energies = Float32Array.from(parameters.get(EXPECTED.energy)?.data as Float32Array);
      energies[5] = (energies[5] as number) + one;
      energies[area + 5] = (energies[area + 5] as number) + other;
      return (await run(parameters, [0, 0, 0], energies)).map[5] as number;
    };
    expect(await seenBy(8, 8)).toBeGreaterThan(await seenBy(64, 0));
  });

  it('has a map of images that leave nothing, and of which nothing is expected', async () => {
    const parameters = expected([[0, 0, 0]]);
    parameters.set(EXPECTED.energy, float32([1, taps * area], new Float32Array(taps * area)));
    const { map } = await run(parameters, [0, 0, 0], new Float32Array(taps * area));
    const least = Math.sqrt(taps * Math.log1p(0.01));
    expect(distance(map, Array(area).fill(least))).toBeLessThan(1e-6);
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
