import { fail } from '@bigrid/errors';
import type { Engine } from '@bigrid/graph';
import {
  type Backbone,
  detector,
  type MethodOptions,
  type ParameterValues,
  type Schedule,
  type Stage,
  stagesOf,
} from '@bigrid/method';
import { type Bundle, trainedModel, trainedValues } from '../bundle/bundle.ts';
import { ignoring, learntCells } from '../detection/ignored-area.ts';
import type { OnEvent } from '../events.ts';
import type { Mask } from '../ports.ts';
import type { Checkpoints } from './checkpoint.ts';
import { learnExpectation } from './expectation.ts';
import {
  type ExtractedFeatures,
  type Extraction,
  featuresOf,
  imagesAt,
} from './feature-extraction.ts';
import { classesOf, type TrainingClass } from './hold-out.ts';
import { kindsOfClasses } from './kinds.ts';
import { isPublishedAbnormal, stepsOf } from './steps.ts';
import { trainStage } from './training-loop.ts';

/** What a model is made with, whichever images it learns. */
export interface Learning {
  readonly engine: Engine;
  readonly backbone: Backbone;
  readonly method: MethodOptions;
  readonly schedule: Schedule;
  readonly classes: readonly TrainingClass[];
  readonly seed: number;
  readonly version: string;
  /** Where it starts from. */
  readonly from: Bundle | undefined;
  readonly ignored: Mask | undefined;
  readonly checkpoints: Checkpoints;
  readonly onEvent: OnEvent;
  readonly signal: AbortSignal | undefined;
}

/** A model without a manifest. */
export interface Learnt {
  readonly model: Pick<Bundle, 'bytes'>;
  readonly features: ExtractedFeatures;
  /** Optimiser steps, all stages. */
  readonly steps: number;
}

/**
 * Learns some of the images: runs the stages, measures what to expect, and builds the model.
 * @param training indices of images
 * @throws BUNDLE_INVALID, CHECKPOINT_INVALID, CANCELLED, ENGINE_FAILED
 */
export async function learn(
  extraction: Extraction,
  training: readonly number[],
  learning: Learning,
): Promise<Learnt> {
  const { backbone, method, classes, ignored, checkpoints } = learning;
  const started = learning.from && trainedValues(learning.from);
  const saved = checkpoints.savedStage;
  const values: ParameterValues = saved
    ? (new Map(Object.entries(saved.values)) as ParameterValues)
    : new Map(started?.parameters);
  const learnt = imagesAt(extraction, training);
  const extracted = await featuresOf(extraction, training);
  const features = started ? { ...extracted, statistics: started.statistics } : extracted;
  checkStatistics(features);
  // What an earlier run saved of a stage has the values of those before it.
  const stages = stagesOf(method);
  const finished = (stage: Stage) =>
    saved !== undefined && stages.indexOf(stage) < stages.indexOf(saved.stage.stage);
  const cellWeights = learntCells(learnt, ignored, method);
  for (const stage of stages) {
    if (finished(stage)) continue;
    await trainStage(stage, values, {
      ...learning,
      options: method,
      features,
      cellWeights,
      steps: stepsOfStage(stage, features.blocks, learning),
    });
  }
  const entries = learnt.map(({ entry }) => entry);
  const kinds = kindsOfClasses(features, classesOf(classes, entries));
  await learnExpectation(values, { ...learning, features, kinds });
  const graph = detector(backbone, method, features.statistics, values);
  return {
    model: ignoring(trainedModel(graph, learning.version), ignored),
    features,
    steps: stepsOfAll(features.blocks, learning),
  };
}

/** Optimiser steps of all stages. @param blocks of features that are learnt from */
export function stepsOfAll(
  blocks: number,
  learning: Pick<Learning, 'method' | 'schedule' | 'classes'>,
): number {
  return stagesOf(learning.method)
    .map((stage) => stepsOfStage(stage, blocks, learning))
    .reduce((total, steps) => total + steps, 0);
}

function stepsOfStage(
  stage: Stage,
  blocks: number,
  { method, schedule, classes }: Pick<Learning, 'method' | 'schedule' | 'classes'>,
): number {
  return stepsOf(schedule, blocks, classes.length, isPublishedAbnormal(stage, method));
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
