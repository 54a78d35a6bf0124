import { type Engine, float32, type Graph } from '@bigrid/graph';
import {
  type Backbone,
  detector,
  type ParameterValues,
  type Random,
  type Schedule,
  stagesOf,
} from '@bigrid/method';
import { type Bundle, trainedValues } from '../bundle/bundle.ts';
import { ignoredBy, learntCells } from '../detection/ignored-area.ts';
import type { OnEvent } from '../events.ts';
import type { ImageEntry } from '../ports.ts';
import { Checkpoints } from './checkpoint.ts';
import { learnExpectation } from './expectation.ts';
import type { ExtractedFeatures, ReadImage } from './feature-extraction.ts';
import { kindsOfUpdate } from './kinds.ts';
import { isPublishedAbnormal, stepsOf } from './steps.ts';
import { trainStage } from './training-loop.ts';

/** Steps, as a share of those of a training from nothing. */
const SHARE_OF_STEPS = 1 / 6;
/** What learning rates are multiplied by: at those of the first training, old images that are not kept suffer. */
const GENTLENESS = 0.5;

/** What trains on, and how far it is. */
interface GoOnInput {
  readonly engine: Engine;
  readonly backbone: Backbone;
  readonly bundle: Bundle;
  readonly onEvent?: OnEvent | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** Goes on training from the bundle's values: all of its stages, shorter and more gently than at first. */
export async function goOn(
  { engine, backbone, bundle, onEvent = () => {}, signal }: GoOnInput,
  extracted: ExtractedFeatures,
  learnt: readonly ReadImage[],
  isNew: ReadonlySet<ImageEntry>,
  firstBlocks: number,
  random: Random,
): Promise<{ graph: Graph; steps: number }> {
  const { method, classes, schedule: first } = bundle.manifest;
  const { parameters: before, statistics } = trainedValues(bundle);
  const values = new Map(before);
  const features = { ...extracted, statistics };
  const kinds = kindsOfUpdate(before, features, (at) => isNew.has((learnt[at] as ReadImage).entry));
  const cellWeights = learntCells(learnt, ignoredBy(bundle), method);
  const schedule: Schedule = {
    ...first,
    tableLearningRate: GENTLENESS * first.tableLearningRate,
    weightLearningRate: GENTLENESS * first.weightLearningRate,
  };
  const checkpoints = await Checkpoints.open(undefined);
  const seed = random.fork('learning').integer(0, 2 ** 31 - 1);
  let steps = 0;
  for (const stage of stagesOf(method)) {
    const isShort = isPublishedAbnormal(stage, method);
    const whole = stepsOf(first, firstBlocks, classes.length, isShort);
    const stageSteps = Math.ceil(SHARE_OF_STEPS * whole);
    await trainStage(stage, values, {
      engine,
      options: method,
      schedule,
      features,
      cellWeights,
      steps: stageSteps,
      seed,
      checkpoints,
      onEvent,
      signal,
    });
    steps += stageSteps;
  }
  // What to expect of a new kind does most of the work: the values of before need to go but half of the way.
  if (method.expectation !== 'none' && kinds.isNewKind) meetHalfway(values, before);
  await learnExpectation(values, { engine, method, features, kinds, onEvent, signal });
  return { graph: detector(backbone, method, statistics, values), steps };
}

/** The mean of two sets of values: it forgets less than the later ones (Wortsman et al. 2022, WiSE-FT). */
function meetHalfway(values: ParameterValues, before: ParameterValues): void {
  for (const [name, { shape, data }] of values) {
    const earlier = before.get(name)?.data;
    if (!earlier) continue;
    values.set(
      name,
      float32(
        shape,
        data.map((value, at) => (value + (earlier[at] as number)) / 2),
      ),
    );
  }
}
