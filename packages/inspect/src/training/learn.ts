import { fail } from '@bigrid/errors';
import { float32 } from '@bigrid/graph';
import { LIGHT, MEMORY, type ParameterValues, type Stage, stagesOf } from '@bigrid/method';
import { learntCells } from '../detection/ignored-area.ts';
import {
  type ExtractedFeatures,
  type Extraction,
  featuresOf,
  imagesAt,
} from './feature-extraction.ts';
import type { Fold } from './hold-out.ts';
import type { Kinds } from './kinds.ts';
import { freeOf, learnMemory } from './memory/learn-memory.ts';
import type { FreeImages } from './memory/orientation.ts';
import type { Plan } from './plan.ts';
import type { Previews } from './previews.ts';
import { trainStage } from './training-loop.ts';

/** The images of a fold that a model is trained on and those held out, with the plan for it. */
export interface FoldTraining extends Fold {
  readonly plan: Plan;
  readonly extraction: Extraction;
  /** Images that lie freely; undefined for an update, which goes by its model. */
  readonly free?: FreeImages | undefined;
  /** Shows maps while the model learns. */
  readonly previews?: Previews | undefined;
}

/** The result of learning: everything a model is built from. */
export interface Learnt {
  readonly plan: Plan;
  readonly features: ExtractedFeatures;
  /** Kinds of the learnt images. */
  readonly kinds: Kinds;
  readonly values: ParameterValues;
  /** Optimiser steps of all stages. */
  readonly steps: number;
}

/**
 * Learns the training images of a fold, from scratch or from the weights of a model: those that lie still in the stages of
 * training, those that lie freely by memory.
 * @throws BUNDLE_INVALID, CHECKPOINT_INVALID, CANCELLED, ENGINE_FAILED
 */
export async function learn(fold: FoldTraining): Promise<Learnt> {
  const { plan, extraction, training, previews } = fold;
  const { method, start, checkpoints } = plan;
  const images = imagesAt(extraction, training);
  const extracted = await featuresOf(extraction, training);
  const features = start ? { ...extracted, statistics: start.statistics } : extracted;
  checkStatistics(features);
  const kinds = plan.kindsOf(features, images);
  const isFree = freeOf(fold, kinds);
  const still = training.filter((_, at) => !isFree[kinds.of[at] as number]);
  // A saved stage comes with the values of the stages before it.
  const saved = checkpoints.savedStage;
  const values: ParameterValues = saved
    ? (new Map(Object.entries(saved.values)) as ParameterValues)
    : new Map(start?.parameters);
  const stages = still.length > 0 ? stagesOf(method) : [];
  // The kinds share what features are standardised by, so that one model serves them all.
  const { statistics } = features;
  const learnt =
    still.length < training.length
      ? { ...(await featuresOf(extraction, still)), statistics }
      : features;
  const cellWeights = learntCells(imagesAt(extraction, still), plan.ignored, method);
  const finished = (stage: Stage) =>
    saved !== undefined && stages.indexOf(stage) < stages.indexOf(saved.stage.stage);
  const stepsIn = (some: readonly Stage[]) => stepsOfAll(plan, learnt.blocks, some);
  for (const [at, stage] of stages.entries()) {
    if (finished(stage)) continue;
    const [steps, stepsBefore] = [stepsIn([stage]), stepsIn(stages.slice(0, at))];
    const own = { features: learnt, cellWeights, previews };
    await trainStage({ plan, stage, values, steps, stepsBefore, ...own });
  }
  // The expectation of a new kind does most of the work, so half of the change of the weights is enough.
  if (start && kinds.isNewKind && method.expectation !== 'none') {
    meetHalfway(values, start.parameters);
  }
  if (plan.light) values.set(LIGHT, plan.light);
  for (const name of Object.values(MEMORY)) values.delete(name);
  if (isFree.includes(true)) {
    const memory = await learnMemory(fold, features, kinds, isFree);
    for (const [name, value] of memory) values.set(name, value);
  }
  return { plan, features, kinds, values, steps: stepsOfAll(plan, learnt.blocks) };
}

/** Optimiser steps of all stages, or of some. @param blocks number of feature blocks to learn from */
export function stepsOfAll(plan: Plan, blocks: number, stages = stagesOf(plan.method)): number {
  if (blocks === 0) return 0;
  return stages
    .map((stage) => plan.stepsOf(stage, blocks))
    .reduce((total, steps) => total + steps, 0);
}

/** Averages the weights before and after: the mean forgets less (Wortsman et al. 2022, WiSE-FT). */
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

/** @throws BUNDLE_INVALID if the statistics in a bundle do not fit the features of its own method */
function checkStatistics({ shape, statistics }: ExtractedFeatures): void {
  for (const { length } of [statistics.mean, statistics.deviation]) {
    if (length === shape[0]) continue;
    fail(
      'BUNDLE_INVALID',
      `Expected statistics of ${shape[0]} channels in the bundle but received ${length}`,
    );
  }
}
