import { fail } from '@bigrid/errors';
import type { Engine } from '@bigrid/graph';
import {
  type Backbone,
  type MethodOptions,
  type ProfileName,
  Random,
  type Schedule,
} from '@bigrid/method';
import { type Bundle, checkSameBackbone, withManifest } from './bundle/bundle.ts';
import { learntFrom, recogniserOf } from './bundle/learnt.ts';
import { type Calibration, MANIFEST_VERSION, type Manifest } from './bundle/manifest.ts';
import { calibrate, type ThresholdRules } from './calibration/calibration.ts';
import { ignoredBy } from './detection/ignored-area.ts';
import type { OnEvent } from './events.ts';
import type { Checkpoint, KeepReplay, Mask, OpenScratch } from './ports.ts';
import { Checkpoints } from './training/checkpoint.ts';
import { crossFit, scoreHeldOut, type UnseenScore } from './training/cross-fitting.ts';
import { extractFeatures, imagesAt } from './training/feature-extraction.ts';
import {
  checkRules,
  type Fold,
  type Folds,
  holdOut,
  LEAST_IMAGES,
  mostHeldOut,
  sampled,
  type TrainingClass,
  tooFew,
  wantedGroups,
} from './training/hold-out.ts';
import { type Learning, type Learnt, learn } from './training/learn.ts';
import { keepReplay } from './training/replay.ts';
import { mostImagesPerClass, tilesPerImage } from './training/steps.ts';
import { withTiles } from './training/tiling.ts';
import { checkCancelled } from './work.ts';

export interface TrainInput {
  readonly engine: Engine;
  readonly backbone: Backbone;
  readonly openScratch: OpenScratch;
  /** Where to keep how far training is, and what an earlier run kept. */
  readonly checkpoint?: Checkpoint | undefined;
  /** Where the features of images come from; a benchmark that trains often on the same ones keeps them. */
  readonly extract?: typeof extractFeatures | undefined;
  readonly classes: readonly TrainingClass[];
  readonly profile: ProfileName;
  readonly method: MethodOptions;
  readonly schedule: Schedule;
  /** Longest side of a tile of an image, in pixels; without it images are looked at as a whole. */
  readonly tile?: number | 'auto' | undefined;
  readonly seed: number;
  readonly version: string;
  readonly now: () => Date;
  /** Go on from this bundle: its method, statistics and values are kept. */
  readonly from?: Bundle | undefined;
  /** What to ignore of every image, now and whenever the bundle inspects; an image may have a mask of its own. */
  readonly ignored?: Mask | undefined;
  /** Rules of the thresholds. Default: quantile:0.99, and nothing unsure. */
  readonly rules?: ThresholdRules | undefined;
  /** Keeps some of the images for updates. */
  readonly replay?: KeepReplay | undefined;
  readonly onEvent?: OnEvent | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Trains GRAD on good images and calibrates it on some that it did not learn: those held out, and where these are too few,
 * others that are scored by cross-fitting.
 * Given what a checkpoint kept of the same training, it goes on from there and makes the same bundle.
 * @throws OPTION_INVALID where the method needs another backbone; DATA_TOO_FEW, CANCELLED, ENGINE_FAILED,
 *   CHECKPOINT_MISMATCH, CHECKPOINT_INVALID
 */
export async function train(input: TrainInput): Promise<Bundle> {
  const { engine, schedule, seed, signal } = input;
  const onEvent = input.onEvent ?? (() => {});
  checkBackbone(input.backbone, input.from?.manifest.method ?? input.method, input.profile);
  if (input.from) checkSameBackbone(input.from, input.backbone);
  const classes = sampled(input.classes, mostImagesPerClass(schedule), seed);
  const entries = classes.flatMap((own) => own.entries);
  for (const { name, entries } of classes) {
    if (entries.length < LEAST_IMAGES) tooFew(entries.length, name);
  }
  checkRules(input.rules, entries.length, entries.length);
  const leftOut = sum(input.classes.map((all) => all.entries.length)) - entries.length;
  checkCancelled(signal);
  const method =
    input.from?.manifest.method ?? (await withTiles(input.method, input.tile, entries));
  const { rows, columns } = method.tiles ?? { rows: 1, columns: 1 };
  const usuallyHeldOut = sum(classes.map(({ entries }) => mostHeldOut(entries.length)));
  const perImage = tilesPerImage(
    schedule,
    entries.length - usuallyHeldOut,
    classes.length,
    rows * columns,
  );
  const checkpoints = await Checkpoints.open(input.checkpoint);

  const extraction = await (input.extract ?? extractFeatures)(
    engine,
    input.backbone,
    method,
    entries,
    input.openScratch,
    onEvent,
    signal,
    checkpoints,
    { perImage, seed },
  );
  const { images, scratch, skipped } = extraction;
  const learning: Learning = {
    ...input,
    method,
    classes,
    from: input.from,
    ignored: input.ignored ?? (input.from && ignoredBy(input.from)),
    checkpoints,
    onEvent,
    signal,
  };
  let split: Folds;
  let crossFitted: UnseenScore[];
  let learnt: Learnt;
  try {
    const isKnown = recogniserOf(input.from?.manifest.learnt);
    const known = images.flatMap(({ digest }, at) => (isKnown(digest) ? [at] : []));
    split = holdOut(classes, images, seed, wantedGroups(input.rules), known);
    const scorable = split.folds.flatMap(({ heldOut }) => heldOut);
    const groups = new Set(scorable.map((at) => split.groups[at]));
    checkRules(input.rules, groups.size, scorable.length);
    // The model comes last, so that a training that is cut off has to keep no more than scores of those before it.
    crossFitted = await crossFit(extraction, split.folds.slice(1), learning);
    learnt = await learn(extraction, (split.folds[0] as Fold).training, learning);
  } finally {
    await scratch.dispose();
  }

  const { model, features, steps } = learnt;
  const [own] = split.folds as [Fold];
  const heldOut = await scoreHeldOut(extraction, own, learnt, learning);
  const scored = [...crossFitted, ...heldOut];
  if (scored.length === 0) tooFew(0, 'the images held out for the threshold');
  const calibration = calibrate(
    {
      scores: scored.map(({ score }) => score),
      mapMaxima: scored.map(({ mapMaximum }) => mapMaximum),
      groups: scored.map(({ at }) => split.groups[at] as number),
      origin: originOf(split),
      images: images.map(({ statistics }) => statistics),
    },
    input.rules,
  );
  if (input.replay) {
    const random = new Random(seed).fork('replay');
    const entriesAt = (indices: readonly number[]) =>
      imagesAt(extraction, indices).map(({ entry }) => entry);
    const used = { learnt: entriesAt(own.training), heldOut: entriesAt(own.heldOut) };
    await keepReplay(engine, method, used, input.replay, random, onEvent, signal);
  }
  const manifest: Manifest = {
    manifestVersion: MANIFEST_VERSION,
    bigridVersion: input.version,
    createdAt: input.now().toISOString(),
    classes: classes.map(({ name }) => name),
    profile: input.profile,
    method,
    schedule,
    backbone: {
      name: input.backbone.name,
      licence: input.backbone.licence,
      mean: [...input.backbone.mean],
      deviation: [...input.backbone.deviation],
    },
    calibration,
    training: {
      seed,
      images: features.count,
      heldOut: heldOut.length,
      ...(leftOut > 0 ? { leftOut } : {}),
      skipped: skipped + own.heldOut.length - heldOut.length,
      steps,
      dataHash: features.dataHash,
      engine: engine.description,
    },
    learnt: learntFrom(
      imagesAt(extraction, own.training).map(({ digest }) => digest),
      input.from?.manifest.learnt,
    ),
  };
  return withManifest(model, manifest);
}

/** Which images set the threshold. */
function originOf({ folds, areNearDuplicates }: Folds): Calibration['origin'] {
  if (areNearDuplicates) return 'near-duplicates';
  return folds.length > 1 ? 'cross-fitted' : 'held-out';
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

const sum = (numbers: readonly number[]) => numbers.reduce((total, number) => total + number, 0);
