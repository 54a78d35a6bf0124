import {
  float32,
  float32ToFloat16,
  type Tensor,
  type Tensors,
  tensor,
  toModel,
  zeros,
} from '@bigrid/graph';
import { describe, expect, it } from 'vitest';
import { type GoldenTensor, golden, toParameters } from '../testing/golden.ts';
import { distance, engine, normals, numbersOf } from '../testing/run-graph.ts';
import { tinyMethod, tinySchedule } from '../testing/tiny.ts';
import type { MethodOptions, Schedule } from './options.ts';
import { initialValue, type Parameter } from './parameters.ts';
import { Random } from './random.ts';
import type { Stage } from './stages.ts';
import { trainingStep } from './training-step.ts';

interface TrainingGolden {
  readonly stage: Stage;
  readonly method: Partial<MethodOptions>;
  readonly schedule: Schedule;
  readonly mean: number[];
  readonly deviation: number[];
  readonly tapChannels: number[];
  /** Images, rows and columns. */
  readonly moved: [number, number, number];
  readonly steps: readonly {
    readonly learningRate: number;
    readonly features: number[];
    readonly jitter: number[];
    readonly mask: number[];
    readonly intensity: number[];
    readonly loss: number;
  }[];
  readonly start: Record<string, GoldenTensor>;
  readonly end: Record<string, GoldenTensor>;
}

type Step = TrainingGolden['steps'][number];

function inputsOf(
  step: Step,
  { stage, method, moved }: TrainingGolden,
  [batch, channels, cells]: [number, number, number],
): Tensors {
  const int64 = (length: number, value: (at: number) => number) =>
    tensor(
      'int64',
      [length],
      BigInt64Array.from({ length }, (_, at) => BigInt(value(at))),
    );
  const [images, rows, columns] = moved;
  const swapped = method.anomalySource === 'swap';
  const defects = {
    mask: float32([batch, 1, cells, cells], step.mask),
    intensity: float32([batch, swapped ? 1 : channels, 1, 1], step.intensity),
    ...(swapped && {
      images: int64(batch, (at) => (at + images) % batch),
      rows: int64(cells, (at) => (at + rows) % cells),
      columns: int64(cells, (at) => (at + columns) % cells),
    }),
  };
  return {
    features: tensor(
      'float16',
      [batch, channels, cells, cells],
      float32ToFloat16(Float32Array.from(step.features)),
    ),
    jitter: float32([batch, 2, cells, cells], step.jitter),
    ...(stage === 'abnormal' ? defects : {}),
  };
}

/** Runs steps of a stage; every tensor that comes back as `next/NAME` is NAME of the next step. */
async function takeSteps(
  model: Uint8Array,
  start: Record<string, Tensor>,
  inputs: readonly (Tensors & { learningRate: Tensor })[],
) {
  const session = await engine.load(model);
  let state = start;
  const losses: number[] = [];
  for (const [at, more] of inputs.entries()) {
    const outputs = await session.run({ ...state, ...more, step: float32([], [at + 1]) });
    losses.push(numbersOf(outputs, 'loss')[0] as number);
    state = Object.fromEntries(
      Object.keys(state).map((name) => [name, outputs[`next/${name}`] as Tensor]),
    );
  }
  await session.dispose();
  return { losses, state };
}

describe.each([
  'training-normal-alone',
  'training-normal-with-frozen',
  'training-abnormal-first',
  'training-abnormal-alone',
  'training-restoring',
  'training-normal-weighted',
  'training-swapping',
])('three steps of %s', (name) => {
  it('are those of the same method written in PyTorch', async () => {
    const expected = golden<TrainingGolden>(name);
    const { stage, schedule, steps } = expected;
    const options: MethodOptions = { ...tinyMethod, ...expected.method };
    const statistics = {
      mean: Float32Array.from(expected.mean),
      deviation: Float32Array.from(expected.deviation),
    };
    const values = toParameters(expected.start);
    const { graph, parameters } = trainingStep({
      stage,
      method: options,
      schedule,
      statistics,
      taps: { tapChannels: expected.tapChannels, tapCells: expected.tapChannels.map(() => 1) },
      frozen: values,
    });
    const start: Record<string, Tensor> = {};
    for (const { name, shape, kind } of parameters) {
      start[name] = values.get(name) as Tensor;
      if (kind === 'statistic') continue;
      start[`${name}/m`] = zeros('float32', shape);
      start[`${name}/v`] = zeros('float32', shape);
    }
    const shape = [schedule.batchSize, statistics.mean.length, options.cells] as const;
    const { losses, state } = await takeSteps(
      toModel(graph),
      start,
      steps.map((step) => ({
        ...inputsOf(step, expected, [...shape]),
        learningRate: float32([], [step.learningRate]),
      })),
    );
    steps.forEach(({ loss }, at) => {
      expect(Math.abs((losses[at] as number) / loss - 1), `loss ${at + 1}`).toBeLessThan(1e-5);
    });
    // Every tensor of PyTorch is one of ours, or is frozen and as it was.
    for (const [name, { data }] of Object.entries(expected.end)) {
      const ours = state[name] ? numbersOf(state, name) : values.get(name)?.data;
      const largest = Math.max(...data.map(Math.abs));
      expect(distance(ours ?? [], data), name).toBeLessThan(1e-3 * largest);
      const moved = distance(data, expected.start[name]?.data ?? []);
      if (!state[name]) {
        expect(moved, `${name} is frozen`).toBe(0);
        continue;
      }
      // A thousandth of a value may be more than it moved: so its way is held to a thousandth of itself too.
      expect(moved, `${name} is trained`).toBeGreaterThan(0);
      expect(distance(ours ?? [], data), `way of ${name}`).toBeLessThan(1e-3 * moved);
    }
    expect(parameters.filter(({ name }) => !(name in expected.end))).toEqual([]);
  });
});

describe('trainingStep', () => {
  const statistics = { mean: normals([6], 1), deviation: new Float32Array(6).fill(1) };

  function startOf(parameters: readonly Parameter[]): Record<string, Tensor> {
    const start: Record<string, Tensor> = {};
    for (const parameter of parameters) {
      const { name, shape } = parameter;
      start[name] = initialValue(parameter, new Random(0));
      start[`${name}/m`] = zeros('float32', shape);
      start[`${name}/v`] = zeros('float32', shape);
    }
    return start;
  }

  it('trains the tables at a rate of their own', async () => {
    const schedule = { ...tinySchedule, tableLearningRate: 0.5, weightLearningRate: 0.001 };
    const options: MethodOptions = { ...tinyMethod, grids: 'normal' };
    const { graph, parameters } = trainingStep({
      stage: 'normal',
      method: options,
      schedule,
      statistics,
      taps: { tapChannels: [6], tapCells: [8] },
    });
    const start = startOf(parameters);
    const size = [schedule.batchSize, 6, 8, 8];
    const inputs = {
      features: tensor('float16', size, float32ToFloat16(normals(size, 2))),
      jitter: zeros('float32', [schedule.batchSize, 2, 8, 8]),
      learningRate: float32([], [schedule.weightLearningRate]),
    };
    const { state } = await takeSteps(toModel(graph), start, [inputs]);
    // The first step of Adam is about one learning rate long, whatever the gradient.
    for (const { name, kind } of parameters) {
      const moved = distance(numbersOf(state, name), numbersOf(start, name));
      const rate = kind === 'table' ? 0.5 : 0.001;
      expect(moved / rate, name).toBeGreaterThan(0.9);
      expect(moved / rate, name).toBeLessThan(1.2);
    }
    expect(new Set(parameters.map(({ kind }) => kind))).toEqual(new Set(['table', 'weight']));
  });

  it('counts cells of each image as it is told to', async () => {
    const options: MethodOptions = { ...tinyMethod, grids: 'normal' };
    const size = [tinySchedule.batchSize, 6, 8, 8];
    const inputs = {
      features: tensor('float16', size, float32ToFloat16(normals(size, 2))),
      jitter: zeros('float32', [tinySchedule.batchSize, 2, 8, 8]),
      learningRate: float32([], [0]),
    };
    const lossUnder = async (isLeft?: (at: number) => boolean) => {
      const { graph, parameters } = trainingStep({
        stage: 'normal',
        method: options,
        schedule: tinySchedule,
        statistics,
        taps: { tapChannels: [6], tapCells: [8] },
        weighsCells: isLeft !== undefined,
      });
      const start = startOf(parameters);
      const shape = [tinySchedule.batchSize, 1, 8, 8];
      // The left half of an image, or its right half, twice as much; the other nothing.
      const weights = Float32Array.from({ length: tinySchedule.batchSize * 64 }, (_, at) =>
        at % 8 < 4 === isLeft?.(Math.floor(at / 64)) ? 2 : 0,
      );
      const weighed = isLeft ? { cellWeights: float32(shape, weights) } : {};
      const { losses } = await takeSteps(toModel(graph), start, [{ ...inputs, ...weighed }]);
      return losses[0] as number;
    };
    const plain = await lossUnder();
    const isFirst = (at: number) => at === 0;
    for (const isLeft of [() => true, isFirst]) {
      const [one, other] = [await lossUnder(isLeft), await lossUnder((at) => !isLeft(at))];
      expect((one + other) / 2 / plain).toBeCloseTo(1, 5);
      expect(Math.abs(one / other - 1)).toBeGreaterThan(0.001);
    }
  });
});
