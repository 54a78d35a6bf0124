import { fail } from '@bigrid/errors';
import type { Tensor } from '@bigrid/graph';
import {
  type Backbone,
  LIGHT,
  type MethodOptions,
  type ProfileName,
  profileNames,
  profiles,
  Random,
  rebuildsNothing,
  type Schedule,
  type Stage,
} from '@bigrid/method';
import { checkSameBackbone, type TrainedValues, trainedValues } from '../bundle/bundle.ts';
import { recogniserOf } from '../bundle/learnt.ts';
import { ignoredBy } from '../detection/ignored-area.ts';
import type { OnEvent } from '../events.ts';
import type { ImageEntry, Mask, TrainingEngines, TrainingPorts } from '../ports.ts';
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
import { lightOf } from './light.ts';
import { mostImagesPerClass, stepsOf, tilesPerImage } from './steps.ts';
import { withTiles } from './tiling.ts';

/** How to make a model, whichever images it learns: shared by all folds of a training, and by an update. */
export interface Plan extends TrainingEngines, Pick<TrainingPorts, 'backbone' | 'openScratch'> {
  readonly method: MethodOptions;
  readonly schedule: Schedule;
  readonly seed: number;
  /** Version of Bigrid, written into the model file. */
  readonly version: string;
  /** Weights and feature statistics to start from; undefined to train from scratch. */
  readonly start: TrainedValues | undefined;
  /** Light that images are brought to: see LIGHT. */
  readonly light: Tensor<'float32'> | undefined;
  readonly ignored: Mask | undefined;
  /** Optimiser steps of a stage. @param blocks number of feature blocks that it learns from */
  readonly stepsOf: (stage: Stage, blocks: number) => number;
  /** Groups the learnt images by what they show as a whole. */
  readonly kindsOf: (features: ExtractedFeatures, images: readonly ReadImage[]) => Kinds;
  /** Whether an image was learnt by the training or update that this one starts from, by the digest of its pixels. */
  readonly isKnown: (digest: Uint8Array) => boolean;
  readonly checkpoints: Checkpoints;
  readonly onEvent: OnEvent;
  readonly signal: AbortSignal | undefined;
}

export interface TrainingPlan extends Plan {
  /** Restricted to the images that are read: a sample of each large class. */
  readonly classes: readonly TrainingClass[];
  readonly entries: readonly ImageEntry[];
  readonly sample: TileSample;
}

/** Steps of an update, as a share of those of the first training. */
const SHARE_OF_STEPS = 1 / 6;
/** Factor on the learning rates of an update: at the full rates, old images that were not kept get higher scores. */
const GENTLENESS = 0.5;

/**
 * Checks the input of a training and plans it. Reads a few images only: for their light, or their size if there are to be tiles.
 * @throws OPTION_INVALID if the method needs another backbone; DATA_TOO_FEW, THRESHOLD_UNSUPPORTED, CANCELLED,
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
  const start = from && trainedValues(from);
  return {
    ...portsOf(input),
    method,
    schedule,
    seed,
    version: input.version,
    start,
    light: start
      ? start.parameters.get(LIGHT)
      : method.light === 'free'
        ? await lightOf(input.engine, method, classes)
        : undefined,
    ignored: input.ignored ?? (from && ignoredBy(from)),
    stepsOf: (stage, blocks) =>
      stepsOf(schedule, blocks, classes.length, rebuildsNothing(stage, method)),
    kindsOf: (features, images) => {
      const entries = images.map(({ entry }) => entry);
      return kindsOfClasses(features, classesOf(classes, entries));
    },
    isKnown: recogniserOf(from?.manifest.learnt),
    checkpoints: await Checkpoints.open(input.checkpoint),
    classes,
    entries,
    sample: { perImage: tilesOf(method, schedule, learnt, classes.length), seed },
  };
}

export interface UpdatePlan extends Plan {
  /** Random numbers of this update, different from those of earlier updates of the model. */
  readonly random: Random;
  /** Which tiles to learn of each image, given the number of images. */
  readonly sampleOf: (images: number) => TileSample;
}

/**
 * Plans an update: all stages again, starting from the model's weights, with fewer steps and lower learning rates.
 * @param isNew whether an image is one of the new ones
 * @throws OPTION_INVALID if the backbone is not the bundle's; BUNDLE_INVALID
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
    light: start.parameters.get(LIGHT),
    ignored: ignoredBy(bundle),
    stepsOf: (stage) => Math.ceil(SHARE_OF_STEPS * stepsAtFirst(stage)),
    kindsOf: (features, images) =>
      kindsOfUpdate(start.parameters, features, (at) => isNew((images[at] as ReadImage).entry)),
    isKnown: recogniserOf(bundle.manifest.learnt),
    checkpoints: await Checkpoints.open(undefined),
    random,
    sampleOf,
  };
}

function portsOf(ports: TrainingPorts) {
  const { engine, imageEngine, backbone, openScratch, onEvent = () => {}, signal } = ports;
  return { engine, imageEngine, backbone, openScratch, onEvent, signal };
}

function tilesOf(method: MethodOptions, schedule: Schedule, images: number, classes: number) {
  const { rows, columns } = method.tiles ?? { rows: 1, columns: 1 };
  return tilesPerImage(schedule, images, classes, rows * columns);
}

/** @throws OPTION_INVALID if the method needs another backbone, or its images do not fit the backbone's stride */
function checkBackbone(backbone: Backbone, method: MethodOptions, profile: ProfileName): void {
  const { weights = method.backbone } = profiles[profile];
  if (backbone.name !== method.backbone) {
    fail(
      'OPTION_INVALID',
      `Expected weights of ${method.backbone} as the backbone for the profile ${profile} but received ${backbone.name}`,
      {
        remedy: `Give \`backbone\`, a .safetensors file with these weights, such as timm's ${weights}: docs/how-to/backbones.md shows how to save it.`,
      },
    );
  }
  const { stride } = backbone;
  if (method.inputSize % stride === 0) return;
  const own = profileNames.find((name) => profiles[name].method.backbone === backbone.name);
  const orProfile = own === undefined || own === profile ? '' : `, or the profile ${own}`;
  fail(
    'OPTION_INVALID',
    `Expected a multiple of ${stride} for \`size\` with the backbone ${backbone.name} but received ${method.inputSize}`,
    {
      remedy: `Choose such a \`size\`, for example ${nearestMultiple(method.inputSize, stride)}${orProfile}.`,
    },
  );
}

function nearestMultiple(size: number, stride: number): number {
  return Math.round(size / stride) * stride;
}
