import { fail } from '@bigrid/errors';
import { float32 } from '@bigrid/graph';
import { type ParameterValues, type Stage, stagesOf } from '@bigrid/method';
import { learntCells } from '../detection/ignored-area.ts';
import {
  type ExtractedFeatures,
  type Extraction,
  featuresOf,
  imagesAt,
} from './feature-extraction.ts';
import type { Fold } from './hold-out.ts';
import type { Kinds } from './kinds.ts';
import type { Plan } from './plan.ts';
import { trainStage } from './training-loop.ts';

/** What a model is to learn of the images that were read, and what is then scored with it. */
export interface Lesson extends Fold {
  readonly plan: Plan;
  readonly extraction: Extraction;
}

/** What was learnt: all that a model is built from. */
export interface Learnt {
  readonly plan: Plan;
  readonly features: ExtractedFeatures;
  /** Kinds of the images of the features. */
  readonly kinds: Kinds;
  readonly values: ParameterValues;
  /** Optimiser steps, all stages. */
  readonly steps: number;
}

/**
 * Learns the images of a lesson: runs the stages, from nothing or from the values of a model.
 * @throws BUNDLE_INVALID, CHECKPOINT_INVALID, CANCELLED, ENGINE_FAILED
 */
export async function learn({ plan, extraction, training }: Lesson): Promise<Learnt> {
  const { method, start, checkpoints } = plan;
  const images = imagesAt(extraction, training);
  const extracted = await featuresOf(extraction, training);
  const features = start ? { ...extracted, statistics: start.statistics } : extracted;
  checkStatistics(features);
  const kinds = plan.kindsOf(features, images);
  const cellWeights = learntCells(images, plan.ignored, method);
  // What an earlier run saved of a stage has the values of those before it.
  const saved = checkpoints.savedStage;
  const values: ParameterValues = saved
    ? (new Map(Object.entries(saved.values)) as ParameterValues)
    : new Map(start?.parameters);
  const stages = stagesOf(method);
  const finished = (stage: Stage) =>
    saved !== undefined && stages.indexOf(stage) < stages.indexOf(saved.stage.stage);
  for (const stage of stages) {
    if (finished(stage)) continue;
    const steps = plan.stepsOf(stage, features.blocks);
    await trainStage({ plan, stage, values, features, cellWeights, steps });
  }
  // What to expect of a new kind does most of the work: the values of before need to go but half of the way.
  if (start && kinds.isNewKind && method.expectation !== 'none') {
    meetHalfway(values, start.parameters);
  }
  return { plan, features, kinds, values, steps: stepsOfAll(plan, features.blocks) };
}

/** Optimiser steps of all stages. @param blocks of features that are learnt from */
export function stepsOfAll(plan: Plan, blocks: number): number {
  return stagesOf(plan.method)
    .map((stage) => plan.stepsOf(stage, blocks))
    .reduce((total, steps) => total + steps, 0);
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

/** @throws BUNDLE_INVALID when statistics from a bundle do not fit the features of its own method */
function checkStatistics({ shape, statistics }: ExtractedFeatures): void {
  for (const { length } of [statistics.mean, statistics.deviation]) {
    if (length === shape[0]) continue;
    fail(
      'BUNDLE_INVALID',
      `Expected statistics of ${shape[0]} channels in the bundle but received ${length}`,
    );
  }
}
