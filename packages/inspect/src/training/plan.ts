import { fail } from '@bigrid/errors';
import {
  type Backbone,
  type MethodOptions,
  type ProfileName,
  Random,
  rebuildsNothing,
  type Schedule,
  type Stage,
} from '@bigrid/method';
import { checkSameBackbone, type TrainedValues, trainedValues } from '../bundle/bundle.ts';
import { ignoredBy } from '../detection/ignored-area.ts';
import type { OnEvent } from '../events.ts';
import type { ImageEntry, Mask, TrainingPorts } from '../ports.ts';
import type { TrainInput } from '../train.ts';
import type { UpdateInput } from '../update.ts';
import { checkCancelled } from '../work.ts';
import { Checkpoints } from './checkpoint.ts';
import type { ExtractedFeatures, ReadImage, TileSample } from './feature-extraction.ts';
import {
  checkRules,
  classesOf,
  LEAST_IMAGES,
  mostHeldOut,
  sampled,
  type TrainingClass,
  tooFew,
} from './hold-out.ts';
import { type Kinds, kindsOfClasses, kindsOfUpdate } from './kinds.ts';
import { mostImagesPerClass, stepsOf, tilesPerImage } from './steps.ts';
import { withTiles } from './tiling.ts';

/** How a model is made, whichever images it learns: the same for all folds of a training, and for an update. */
export interface Plan extends Pick<TrainingPorts, 'engine' | 'backbone' | 'openScratch'> {
  readonly method: MethodOptions;
  readonly schedule: Schedule;
  readonly seed: number;
  /** Version of Bigrid that makes the model. */
  readonly version: string;
  /** What learning starts from; undefined where it starts from nothing. */
  readonly start: TrainedValues | undefined;
  readonly ignored: Mask | undefined;
  /** Optimiser steps of a stage. @param blocks of features that it learns from */
  readonly stepsOf: (stage: Stage, blocks: number) => number;
  /** Which of the images that are learnt look alike as a whole. */
  readonly kindsOf: (features: ExtractedFeatures, images: readonly ReadImage[]) => Kinds;
  readonly checkpoints: Checkpoints;
  readonly onEvent: OnEvent;
  readonly signal: AbortSignal | undefined;
}

export interface TrainingPlan extends Plan {
  /** With the images that are read: of a large class a sample. */
  readonly classes: readonly TrainingClass[];
  readonly entries: readonly ImageEntry[];
  readonly sample: TileSample;
}

/** An update takes this share of the steps of a training from nothing. */
const SHARE_OF_STEPS = 1 / 6;
/** What an update multiplies learning rates by: at those of the training, old images that are not kept suffer. */
const GENTLENESS = 0.5;

/**
 * Plans a training before any image is read, but for the sizes of a few where it is to have tiles.
 * @throws OPTION_INVALID where the method needs another backbone; DATA_TOO_FEW, THRESHOLD_UNSUPPORTED, CANCELLED,
 *   CHECKPOINT_INVALID
 */
export async function planTraining(input: TrainInput): Promise<TrainingPlan> {
  const { backbone, from, schedule, seed } = input;
  checkBackbone(backbone, from?.manifest.method ?? input.method, input.profile);
  if (from) checkSameBackbone(from, backbone);
  const classes = sampled(input.classes, mostImagesPerClass(schedule), seed);
  const entries = classes.flatMap((own) => own.entries);
  for (const { name, entries } of classes) {
    if (entries.length < LEAST_IMAGES) tooFew(entries.length, name);
  }
  checkRules(input.rules, entries.length, entries.length);
  checkCancelled(input.signal);
  const method = from?.manifest.method ?? (await withTiles(input.method, input.tile, entries));
  const learnt = classes
    .map(({ entries: { length } }) => length - mostHeldOut(length))
    .reduce((sum, count) => sum + count, 0);
  return {
    ...portsOf(input),
    method,
    schedule,
    seed,
    version: input.version,
    start: from && trainedValues(from),
    ignored: input.ignored ?? (from && ignoredBy(from)),
    stepsOf: (stage, blocks) =>
      stepsOf(schedule, blocks, classes.length, rebuildsNothing(stage, method)),
    kindsOf: (features, images) => {
      const entries = images.map(({ entry }) => entry);
      return kindsOfClasses(features, classesOf(classes, entries));
    },
    checkpoints: await Checkpoints.open(input.checkpoint),
    classes,
    entries,
    sample: { perImage: tilesOf(method, schedule, learnt, classes.length), seed },
  };
}

export interface UpdatePlan extends Plan {
  /** Of this update: another than those of earlier updates of the model. */
  readonly random: Random;
  /** Which tiles are learnt of so many images. */
  readonly sampleOf: (images: number) => TileSample;
}

/**
 * Plans an update: all stages again from the model's values, with its method and statistics, but shorter and more gently
 * than at first.
 * @param isNew whether an image is new to the model
 * @throws OPTION_INVALID where the backbone is not the model's; BUNDLE_INVALID
 */
export async function planUpdate(
  input: UpdateInput,
  isNew: (entry: ImageEntry) => boolean,
): Promise<UpdatePlan> {
  const { bundle } = input;
  const { method, schedule: first, training, classes, bigridVersion, updates } = bundle.manifest;
  checkSameBackbone(bundle, input.backbone);
  const random = new Random(training.seed).fork(`update ${(updates?.length ?? 0) + 1}`);
  const start = trainedValues(bundle);
  const sampleOf = (images: number): TileSample => ({
    perImage: tilesOf(method, first, images, classes.length),
    seed: training.seed,
  });
  const blocks = training.images * sampleOf(training.images).perImage;
  const stepsAtFirst = (stage: Stage) =>
    stepsOf(first, blocks, classes.length, rebuildsNothing(stage, method));
  return {
    ...portsOf(input),
    method,
    schedule: {
      ...first,
      tableLearningRate: GENTLENESS * first.tableLearningRate,
      weightLearningRate: GENTLENESS * first.weightLearningRate,
    },
    seed: random.fork('learning').integer(0, 2 ** 31 - 1),
    version: bigridVersion,
    start,
    ignored: ignoredBy(bundle),
    stepsOf: (stage) => Math.ceil(SHARE_OF_STEPS * stepsAtFirst(stage)),
    kindsOf: (features, images) =>
      kindsOfUpdate(start.parameters, features, (at) => isNew((images[at] as ReadImage).entry)),
    checkpoints: await Checkpoints.open(undefined),
    random,
    sampleOf,
  };
}

function portsOf({ engine, backbone, openScratch, onEvent = () => {}, signal }: TrainingPorts) {
  return { engine, backbone, openScratch, onEvent, signal };
}

function tilesOf(method: MethodOptions, schedule: Schedule, images: number, classes: number) {
  const { rows, columns } = method.tiles ?? { rows: 1, columns: 1 };
  return tilesPerImage(schedule, images, classes, rows * columns);
}

/** @throws OPTION_INVALID when the method is for another network than the one at hand */
function checkBackbone(backbone: Backbone, method: MethodOptions, profile: ProfileName): void {
  if (backbone.name === method.backbone) return;
  fail(
    'OPTION_INVALID',
    `Expected weights of ${method.backbone} as the backbone for the profile ${profile} but received ${backbone.name}`,
    { remedy: 'Give a file with these weights as the backbone.' },
  );
}
