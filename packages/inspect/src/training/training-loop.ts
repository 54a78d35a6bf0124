import { fail } from '@bigrid/errors';
import { float32, openLoop, type Tensor, type Tensors, toModel, zeros } from '@bigrid/graph';
import {
  initialValue,
  type Parameter,
  type ParameterValues,
  Random,
  type Stage,
  trainingStep,
} from '@bigrid/method';
import { progressOf } from '../events.ts';
import { checkCancelled } from '../work.ts';
import { type BatchInput, BatchSource, JitterSource } from './batches.ts';
import { DefectSource } from './defects.ts';
import { learningRateFactor } from './learning-rate.ts';
import type { Plan } from './plan.ts';
import type { Previews } from './previews.ts';
import type { SavedStage } from './saved-training.ts';

export interface StageInput extends BatchInput {
  readonly plan: Pick<
    Plan,
    'engine' | 'method' | 'schedule' | 'seed' | 'checkpoints' | 'onEvent' | 'signal'
  >;
  readonly stage: Stage;
  /** Values of earlier stages and of the model to start from; receives the values of this stage. */
  readonly values: ParameterValues;
  readonly steps: number;
  /** Steps of the stages before this one. */
  readonly stepsBefore: number;
  readonly previews: Previews | undefined;
}

/** Runs one stage of training. @throws BUNDLE_INVALID, CHECKPOINT_INVALID, CANCELLED, ENGINE_FAILED */
export async function trainStage(input: StageInput): Promise<void> {
  const { plan, stage, values, features, steps } = input;
  const { engine, schedule, checkpoints, onEvent, signal } = plan;
  const begun = checkpoints.savedStage;
  const saved = begun?.stage.stage === stage ? begun : undefined;
  const { graph, parameters } = trainingStep({
    stage,
    method: plan.method,
    schedule,
    statistics: features.statistics,
    taps: features,
    frozen: values,
    weighsCells: input.cellWeights !== undefined,
  });
  const source = stepSource(input, saved?.stage);
  const initial = initialValues(parameters, values, plan.seed);
  if (saved) checkSame(saved.current, initial);
  const before = saved?.stage.step ?? 0;
  let loss = saved?.stage.loss ?? undefined;
  const previews = await input.previews?.ofStage({ ...input, frozen: values });
  const loop = await openLoop(engine, toModel(graph), saved?.current ?? initial);
  try {
    const progress = progressOf(`${stage} grid`, steps, onEvent, before);
    for (let step = before + 1; step <= steps; step++) {
      checkCancelled(signal);
      const rate = schedule.weightLearningRate * learningRateFactor(schedule.decay, step, steps);
      const outputs = await loop.run({
        ...(await source.next()),
        step: float32([], [step]),
        learningRate: float32([], [rate]),
      });
      const now = (outputs.loss as Tensor<'float32'>).data[0] as number;
      loss = loss === undefined ? now : 0.95 * loss + 0.05 * now;
      progress(step, loss);
      await previews?.showIfDue(step, loss, () => loop.values());
      await checkpoints.saveIfDue(async () => ({
        stage: { stage, step, loss, ...source.state },
        values: Object.fromEntries(values),
        current: await loop.values(),
      }));
    }
    const learnt = await loop.values();
    for (const { name } of parameters) values.set(name, learnt[name] as Tensor<'float32'>);
  } finally {
    await loop.dispose();
    await previews?.dispose();
  }
}

/** Inputs of each step, drawn by seed, or continued from a saved state. */
function stepSource(
  { plan, stage, features, cellWeights }: StageInput,
  saved: Pick<SavedStage, 'randoms' | 'order'> | undefined,
) {
  const { method, schedule, seed } = plan;
  const { batchSize } = schedule;
  const seeded = new Random(seed).fork(stage);
  const randomFor = (use: keyof SavedStage['randoms']) => {
    const state = saved?.randoms[use];
    return state ? Random.from(state) : seeded.fork(use);
  };
  const order = saved?.order ?? [];
  const batches = new BatchSource(
    { features, cellWeights },
    batchSize,
    randomFor('batches'),
    order,
  );
  const defects = new DefectSource({
    stage,
    method,
    batchSize,
    shape: features.shape,
    random: randomFor('defects'),
  });
  const jitter = new JitterSource(method, batchSize, randomFor('jitter'));
  return {
    async next(): Promise<Tensors> {
      return { ...(await batches.next()), jitter: jitter.next(), ...defects.next() };
    },
    get state(): Pick<SavedStage, 'randoms' | 'order'> {
      return {
        randoms: {
          batches: batches.random.state,
          defects: defects.random.state,
          jitter: jitter.random.state,
        },
        order: batches.order,
      };
    },
  };
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

/** A copy of the value to start from, if there is one. @throws BUNDLE_INVALID if it has another shape */
function fitting({ name, shape }: Parameter, values: ParameterValues) {
  const value = values.get(name);
  if (value && value.shape.join() !== shape.join()) {
    const sizes = (of: readonly number[]) => `[${of.join(', ')}]`;
    fail(
      'BUNDLE_INVALID',
      `Expected ${sizes(shape)} for ${name} in the bundle but received ${sizes(value.shape)}`,
    );
  }
  // Steps overwrite it, and the caller may still use the original.
  return value && { ...value, data: value.data.slice() };
}

/** @throws CHECKPOINT_INVALID if the saved state is not of this stage */
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
