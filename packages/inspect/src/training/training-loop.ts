import { fail } from '@bigrid/errors';
import {
  type Engine,
  float32,
  type Tensor,
  type Tensors,
  tensor,
  toModel,
  zeros,
} from '@bigrid/graph';
import {
  initialValue,
  type MethodOptions,
  type Parameter,
  type ParameterValues,
  pasteMask,
  Random,
  type Schedule,
  type Stage,
  swapMask,
  trainingStep,
} from '@bigrid/method';
import { type OnEvent, progressOf } from '../events.ts';
import { checkCancelled } from '../work.ts';
import type { Checkpoints } from './checkpoint.ts';
import type { ExtractedFeatures } from './feature-extraction.ts';
import { learningRateFactor } from './learning-rate.ts';

export interface StageInput {
  readonly engine: Engine;
  readonly options: MethodOptions;
  readonly schedule: Schedule;
  readonly features: ExtractedFeatures;
  /** Of each block of features, what each cell counts in the loss, 1 on average; undefined where all count alike. */
  readonly cellWeights?: readonly Float32Array[] | undefined;
  readonly steps: number;
  readonly seed: number;
  readonly checkpoints: Checkpoints;
  readonly onEvent: OnEvent;
  readonly signal: AbortSignal | undefined;
}

/**
 * Runs one stage of training and puts the values it finds into `values`, which also holds where it starts from:
 * earlier stages' values and, when training goes on from a bundle, that bundle's.
 */
export async function trainStage(
  stage: Stage,
  values: ParameterValues,
  input: StageInput,
): Promise<void> {
  const { engine, options, schedule, features, steps, checkpoints, onEvent, signal } = input;
  const saved = checkpoints.saved?.stage?.stage === stage ? checkpoints.saved : undefined;
  const { graph, parameters } = trainingStep(
    stage,
    options,
    schedule,
    features.statistics,
    features.tapChannels,
    values,
    input.cellWeights !== undefined,
  );
  const session = await engine.load(toModel(graph));
  const seeded = new Random(input.seed).fork(stage);
  const randomFor = (use: 'batches' | 'defects' | 'jitter') => {
    const state = saved?.stage?.randoms[use];
    return state ? Random.from(state) : seeded.fork(use);
  };
  const { batchSize } = schedule;
  const order = saved?.stage?.order ?? [];
  const batches = new BatchSource(input, randomFor('batches'), order);
  const defects = new DefectSource(stage, options, batchSize, features.shape, randomFor('defects'));
  const jitter = new JitterSource(options, batchSize, randomFor('jitter'));
  let current = initialValues(parameters, values, input.seed);
  if (saved) {
    checkSame(saved.current, current);
    current = saved.current;
  }
  // Two sets of tensors take turns as input and output of the step, so that a step allocates none of them.
  let spare: Tensors = copyShapes(current);
  const before = saved?.stage?.step ?? 0;
  try {
    const progress = progressOf(
      stage === 'abnormal' ? 'abnormal grid' : 'normal grid',
      steps,
      onEvent,
      before,
    );
    let loss = saved?.stage?.loss ?? undefined;
    for (let step = before + 1; step <= steps; step++) {
      checkCancelled(signal);
      const outputs = await session.run(
        {
          ...current,
          ...(await batches.next()),
          jitter: jitter.next(),
          ...defects.next(),
          step: float32([], [step]),
          learningRate: float32(
            [],
            [schedule.weightLearningRate * learningRateFactor(schedule.decay, step, steps)],
          ),
        },
        prefixed(spare),
      );
      [current, spare] = [spare, current];
      const now = (outputs.loss as Tensor<'float32'>).data[0] as number;
      loss = loss === undefined ? now : 0.95 * loss + 0.05 * now;
      progress(step, loss);
      await checkpoints.saveIfDue(() => ({
        stage: {
          stage,
          step,
          loss,
          randoms: {
            batches: batches.random.state,
            defects: defects.random.state,
            jitter: jitter.random.state,
          },
          order: batches.order,
        },
        values: Object.fromEntries(values),
        current,
      }));
    }
  } finally {
    await session.dispose();
  }
  for (const { name } of parameters) values.set(name, current[name] as Tensor<'float32'>);
}

/** Parameters and their moments before the first step. */
function initialValues(
  parameters: readonly Parameter[],
  values: ParameterValues,
  seed: number,
): Tensors {
  const random = new Random(seed).fork('initial values');
  const initial: Record<string, Tensor> = {};
  for (const parameter of parameters) {
    const { name, shape, kind } = parameter;
    initial[name] = fitting(parameter, values) ?? initialValue(parameter, random);
    if (kind === 'statistic') continue;
    initial[`${name}/m`] = zeros('float32', shape);
    initial[`${name}/v`] = zeros('float32', shape);
  }
  return initial;
}

/** The value to start from, if there is one. @throws BUNDLE_INVALID when it has another shape */
function fitting({ name, shape }: Parameter, values: ParameterValues) {
  const value = values.get(name);
  if (value && value.shape.join() !== shape.join()) {
    const sizes = (of: readonly number[]) => `[${of.join(', ')}]`;
    fail(
      'BUNDLE_INVALID',
      `Expected ${sizes(shape)} for ${name} in the bundle but received ${sizes(value.shape)}`,
    );
  }
  return value;
}

/** @throws CHECKPOINT_INVALID where what was saved is not of this stage */
function checkSame(saved: Tensors, expected: Tensors): void {
  const shapesOf = (tensors: Tensors) =>
    Object.entries(tensors).map(([name, { shape }]) => `${name} [${shape.join(', ')}]`);
  const [received, wanted] = [shapesOf(saved), shapesOf(expected)];
  const at = wanted.findIndex((text, index) => text !== received[index]);
  if (at < 0 && received.length === wanted.length) return;
  fail(
    'CHECKPOINT_INVALID',
    `Expected the values of a training of this stage but received ${received[at] ?? 'others'} for ${wanted[at] ?? 'nothing'}`,
  );
}

function copyShapes(tensors: Tensors): Record<string, Tensor> {
  return Object.fromEntries(
    Object.entries(tensors).map(([name, { type, shape }]) => [name, zeros(type, shape)]),
  );
}

function prefixed(tensors: Tensors): Tensors {
  return Object.fromEntries(
    Object.entries(tensors).map(([name, value]) => [`next/${name}`, value]),
  );
}

/**
 * Batches of features in random order, with what their cells count; every picture (or tile) once before any comes again.
 */
class BatchSource {
  readonly random: Random;
  readonly #features: ExtractedFeatures;
  readonly #cellWeights: readonly Float32Array[] | undefined;
  readonly #batch: Tensor<'float16'>;
  readonly #weights: Tensor<'float32'>;
  #order: number[];

  constructor(
    { features, cellWeights, schedule: { batchSize } }: StageInput,
    random: Random,
    order: readonly number[],
  ) {
    this.random = random;
    this.#features = features;
    this.#cellWeights = cellWeights;
    this.#order = [...order];
    this.#batch = zeros('float16', [batchSize, ...features.shape]);
    this.#weights = zeros('float32', [batchSize, 1, ...features.shape.slice(1)]);
  }

  /** Pictures of this pass that are still to come, the next one last. */
  get order(): readonly number[] {
    return this.#order;
  }

  async next(): Promise<Tensors> {
    const { data, shape } = this.#batch;
    const [batchSize] = shape as [number];
    const block = data.byteLength / batchSize;
    const bytes = new Uint8Array(data.buffer);
    for (let i = 0; i < batchSize; i++) {
      if (this.#order.length === 0) this.#order = this.random.permutation(this.#features.blocks);
      const picture = this.#order.pop() as number;
      await this.#features.scratch.read(picture, bytes.subarray(i * block, (i + 1) * block));
      const weights = this.#cellWeights?.[picture];
      if (weights) this.#weights.data.set(weights, i * weights.length);
    }
    const weighed = this.#cellWeights && { cellWeights: this.#weights };
    return { features: this.#batch, ...weighed };
  }
}

/** Synthetic defects for the abnormal stage: where, and how strong. */
class DefectSource {
  readonly random: Random;
  readonly #draw: () => Tensors;

  constructor(
    stage: Stage,
    options: MethodOptions,
    batchSize: number,
    shape: readonly number[],
    random: Random,
  ) {
    this.random = random;
    const [channels, cells] = shape as [number, number];
    const area = cells * cells;
    const [low, high] = options.pasteIntensity;
    const masks = (change: (mask: Float32Array) => Float32Array = (mask) => mask) => {
      const mask = new Float32Array(batchSize * area);
      for (let i = 0; i < batchSize; i++) {
        const paste = { reach: options.pasteReach, intensity: options.pasteIntensity };
        mask.set(change(pasteMask(random, cells, paste)), i * area);
      }
      return tensor('float32', [batchSize, 1, cells, cells], mask);
    };
    const swapped = () => {
      // Other pictures' features, moved: neither the same picture nor the same place says what was there.
      const picture = random.integer(0, batchSize - 1);
      const [down, right] = [random.integer(1, cells - 1), random.integer(1, cells - 1)];
      return {
        mask: masks(swapMask),
        intensity: tensor(
          'float32',
          [batchSize, 1, 1, 1],
          random.array(batchSize, () => random.uniform(low, high)),
        ),
        pictures: int64(batchSize, (at) => (at + picture) % batchSize),
        rows: int64(cells, (row) => (row + down) % cells),
        columns: int64(cells, (column) => (column + right) % cells),
      };
    };
    const pasted = () => {
      const mask = masks();
      const intensity = new Float32Array(batchSize * channels);
      for (let i = 0; i < batchSize; i++) {
        const strength = random.uniform(low, high);
        const own = intensity.subarray(i * channels, (i + 1) * channels);
        // As published a block is one number for all channels: enough to tell it apart, but all blocks point the
        // same way. What is to be restored goes off in a direction of its own.
        if (options.abnormalGrid === 'published') own.fill(strength);
        else own.set(random.array(channels, () => strength * random.normal()));
      }
      return { mask, intensity: tensor('float32', [batchSize, channels, 1, 1], intensity) };
    };
    // Every other picture gets noise all over, the rest stay clean.
    const noisy = () => ({
      mask: tensor(
        'float32',
        [batchSize, 1, cells, cells],
        Float32Array.from({ length: batchSize * area }, (_, at) => Math.floor(at / area) % 2),
      ),
      intensity: tensor(
        'float32',
        [batchSize, channels, cells, cells],
        random.array(
          batchSize * channels * area,
          () => random.uniform(low, high) * random.normal(),
        ),
      ),
    });
    const draws = { swap: swapped, fbp: pasted, noise: noisy };
    this.#draw = stage === 'abnormal' ? draws[options.anomalySource] : () => ({});
  }

  next(): Tensors {
    return this.#draw();
  }
}

function int64(length: number, value: (at: number) => number): Tensor<'int64'> {
  return tensor(
    'int64',
    [length],
    BigInt64Array.from({ length }, (_, at) => BigInt(value(at))),
  );
}

/** Noise on the local points, on half of the steps. */
class JitterSource {
  readonly random: Random;
  readonly #deviation: number;
  readonly #shape: readonly number[];

  constructor(options: MethodOptions, batchSize: number, random: Random) {
    this.#deviation = options.jitter;
    this.#shape = [batchSize, 2, options.cells, options.cells];
    this.random = random;
  }

  next(): Tensor<'float32'> {
    const noise = zeros('float32', this.#shape);
    if (this.random.uniform() < 0.5) {
      for (let i = 0; i < noise.data.length; i++)
        noise.data[i] = this.#deviation * this.random.normal();
    }
    return noise;
  }
}
