import {
  bytesOf,
  type ElementType,
  float16ToFloat32,
  float32,
  float32ToFloat16,
  type Tensor,
  tensor,
  toModel,
  zeros,
} from '@bigrid/graph';
import { describe, expect, it } from 'vitest';
import { distance, engine, normals, numbersOf, runGraph } from '../testing/run-graph.ts';
import { tinyBackbone, tinyMethod, tinySchedule, tinyTaps } from '../testing/tiny.ts';
import { detector, extractor } from './detector.ts';
import { pasteMask } from './feature-block-paste.ts';
import { ABNORMAL } from './grad.ts';
import { type MethodOptions, methodOptionsSchema } from './options.ts';
import { initialValue, type Parameter, type ParameterValues } from './parameters.ts';
import { Random } from './random.ts';
import { type Stage, stagesOf } from './stages.ts';
import { trainingStep } from './training-step.ts';

const channels = 10;
const { batchSize } = tinySchedule;
const { cells } = tinyMethod;
const statistics = {
  mean: normals([channels], 1, 0.2),
  deviation: normals([channels], 2).map((value) => 0.5 + Math.abs(value)),
};
const batchShape = [batchSize, channels, cells, cells];
const batch = tensor('float16', batchShape, float32ToFloat16(normals(batchShape, 3)));

/** What the training loop of packages/inspect draws for each step, in small. */
function defects(stage: Stage, options: MethodOptions): Record<string, Tensor> {
  if (stage === 'normal') return {};
  const random = new Random(4);
  const masks = Array.from({ length: batchSize }, () => [...pasteMask(random, cells, 3)]);
  const swap = options.anomalySource === 'swap';
  const spread = options.anomalySource === 'noise' ? cells : 1;
  const shape = [batchSize, swap ? 1 : channels, spread, spread];
  const backwards = tensor(
    'int64',
    [cells],
    BigInt64Array.from({ length: cells }, (_, at) => BigInt(cells - 1 - at)),
  );
  return {
    mask: float32([batchSize, 1, cells, cells], masks.flat()),
    intensity: float32(shape, normals(shape, 5, 2)),
    ...(swap && {
      images: tensor('int64', [4], BigInt64Array.of(1n, 2n, 3n, 0n)),
      rows: backwards,
      columns: backwards,
    }),
  };
}

function start(parameters: readonly Parameter[], values: ParameterValues): Record<string, Tensor> {
  const state: Record<string, Tensor> = {};
  for (const parameter of parameters) {
    const { name, shape, kind } = parameter;
    state[name] = values.get(name) ?? initialValue(parameter, new Random(0));
    if (kind === 'statistic') continue;
    state[`${name}/m`] = zeros('float32', shape);
    state[`${name}/v`] = zeros('float32', shape);
  }
  return state;
}

/** Two steps of each stage; the values after each stage, by its name. */
async function trained(options: MethodOptions) {
  const values: ParameterValues = new Map();
  const after = new Map<Stage, ParameterValues>();
  const losses: number[] = [];
  for (const stage of stagesOf(options)) {
    const { graph, parameters } = trainingStep({
      stage,
      method: options,
      schedule: tinySchedule,
      statistics,
      taps: tinyTaps,
      frozen: values,
    });
    const session = await engine.load(toModel(graph));
    let state = start(parameters, values);
    for (const step of [1, 2]) {
      const outputs = await session.run({
        ...state,
        ...defects(stage, options),
        features: batch,
        jitter: zeros('float32', [batchSize, 2, cells, cells]),
        step: float32([], [step]),
        learningRate: float32([], [1e-3]),
      });
      state = Object.fromEntries(
        Object.keys(state).map((name) => [name, outputs[`next/${name}`] as Tensor]),
      );
      losses.push(numbersOf(outputs, 'loss')[0] as number);
    }
    await session.dispose();
    for (const { name } of parameters) values.set(name, state[name] as Tensor<'float32'>);
    after.set(stage, new Map(values));
  }
  return { values, after, losses };
}

function imageOf(width: number, height: number): Tensor<'uint8'> {
  const random = new Random(width);
  const data = Uint8Array.from({ length: width * height * 3 }, () => random.integer(0, 255));
  return tensor('uint8', [1, height, width, 3], data);
}

const ablations = methodOptionsSchema.shape.grids.options.flatMap((grids) =>
  (['swap', 'fbp', 'noise'] as const).flatMap((anomalySource) =>
    (['on', 'off'] as const).flatMap((refinement) =>
      (['light', 'basic'] as const).map((branch) => ({ grids, anomalySource, refinement, branch })),
    ),
  ),
);

describe.each(ablations)('$grids, $anomalySource, refinement $refinement, $branch', (ablation) => {
  it('trains, and gives a detector that works', async () => {
    const options: MethodOptions = { ...tinyMethod, ...ablation };
    const { values, after, losses } = await trained(options);
    expect(losses.every(Number.isFinite)).toBe(true);
    for (const value of values.values()) expect(value.data.every(Number.isFinite)).toBe(true);
    if (stagesOf(options).length === 2) {
      // The second stage leaves the abnormal grid as the first one made it.
      const first = [...(after.get('abnormal') as ParameterValues)];
      const frozen = first.filter(([name]) => name.startsWith(`${ABNORMAL}.`));
      expect(frozen.length).toBeGreaterThan(4);
      for (const [name, value] of frozen) expect(values.get(name), name).toEqual(value);
    }
    const graph = detector(tinyBackbone, options, statistics, values);
    const session = await engine.load(toModel(graph));
    for (const [width, height] of [
      [64, 64],
      [50, 81],
    ] as const) {
      const outputs = await session.run({ image: imageOf(width, height) });
      expect(outputs.anomaly_map?.shape).toEqual([1, 256, 256]);
      expect(outputs.score?.shape).toEqual([1]);
      const [map, [score]] = [numbersOf(outputs, 'anomaly_map'), numbersOf(outputs, 'score')];
      expect(Math.min(...map)).toBeGreaterThanOrEqual(0);
      expect(Math.max(...map)).toBeGreaterThan(Math.min(...map));
      expect(score).toBeGreaterThan(0);
      if (ablation.refinement === 'off') expect(score).toBe(Math.max(...map));
    }
    await session.dispose();
  });
});

describe('detector', () => {
  it('holds every trained value under its name, tables in half precision', async () => {
    const { values } = await trained(tinyMethod);
    const { initialisers } = detector(tinyBackbone, tinyMethod, statistics, values);
    const types = new Set<ElementType>();
    for (const [name, value] of values) {
      const stored = initialisers.get(name) as Tensor;
      types.add(stored.type);
      const half = stored.type === 'float16';
      const data = half ? float16ToFloat32(stored.data as Uint16Array) : stored.data;
      expect(distance(data as Float32Array, value.data), name).toBeLessThan(half ? 1e-3 : 1e-9);
      expect(half, name).toBe(name.includes('.grid.'));
    }
    expect(types.size).toBe(2);
  });

  it('sees the features that training saw', async () => {
    // With nothing trained, depth 0 and tables of zeros, the reconstruction is one constant a channel.
    const { values } = await trained({ ...tinyMethod, grids: 'normal', depth: 0 });
    for (const [name, value] of values) {
      if (name.includes('.grid.') || name.includes('.branch.')) value.data.fill(0);
    }
    const options: MethodOptions = {
      ...tinyMethod,
      grids: 'normal',
      depth: 0,
      refinement: 'off',
      smoothing: 0,
    };
    const image = imageOf(64, 64);
    const { graph } = extractor(tinyBackbone, options);
    const { features } = await runGraph(graph, { image });
    const raw = float16ToFloat32(new Uint16Array(bytesOf(features as Tensor).slice().buffer));
    // Rebuilt as zero, a channel's error is its standardised feature, read in tap-equalised units.
    const total = (from: number, to: number) =>
      statistics.deviation.slice(from, to).reduce((sum, d) => sum + d * d, 0);
    const energies = [total(0, 4), total(4, 10)];
    const error = (cell: number) =>
      Math.sqrt(
        Array.from({ length: channels }, (_, c) => {
          const centred =
            (raw[c * cells * cells + cell] as number) - (statistics.mean[c] as number);
          return centred ** 2 / (energies[c < 4 ? 0 : 1] as number);
        }).reduce((sum, e) => sum + e, 0),
      );
    const errors = Array.from({ length: cells * cells }, (_, cell) => error(cell));
    const outputs = await runGraph(detector(tinyBackbone, options, statistics, values), { image });
    const map = numbersOf(outputs, 'anomaly_map');
    // The corners of the map hold the values of the corner cells; and upsampling keeps the mean.
    expect(map[0]).toBeCloseTo(errors[0] as number, 2);
    expect(map.at(-1)).toBeCloseTo(errors.at(-1) as number, 2);
    const mean = (of: number[]) => of.reduce((sum, value) => sum + value, 0) / of.length;
    expect(mean(map)).toBeCloseTo(mean(errors), 3);
  });
});
