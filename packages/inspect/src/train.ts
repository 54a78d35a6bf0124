import { fail } from '@bigrid/errors';
import type { Engine } from '@bigrid/graph';
import {
  type Backbone,
  detector,
  type MethodOptions,
  type ParameterValues,
  type ProfileName,
  Random,
  type Schedule,
  type Stage,
  stagesOf,
} from '@bigrid/method';
import {
  type Bundle,
  checkSameBackbone,
  trainedModel,
  trainedValues,
  withManifest,
} from './bundle/bundle.ts';
import { learntFrom } from './bundle/learnt.ts';
import { MANIFEST_VERSION, type Manifest } from './bundle/manifest.ts';
import { calibrate, type ThresholdRules } from './calibration/calibration.ts';
import { scorePictures } from './calibration/scoring.ts';
import { ignoredBy, ignoring, learntCells } from './detection/ignored-area.ts';
import type { OnEvent } from './events.ts';
import type { Checkpoint, KeepReplay, Mask, OpenScratch, Replay } from './ports.ts';
import { Checkpoints } from './training/checkpoint.ts';
import { learnExpectation } from './training/expectation.ts';
import {
  type ExtractedFeatures,
  extractFeatures,
  featuresOf,
  picturesAt,
  type ReadPicture,
} from './training/feature-extraction.ts';
import {
  checkRules,
  classesOf,
  holdOut,
  LEAST_PICTURES,
  mostHeldOut,
  sampled,
  type TrainingClass,
  tooFew,
} from './training/hold-out.ts';
import { kindsOfClasses } from './training/kinds.ts';
import { keepReplay } from './training/replay.ts';
import {
  isPublishedAbnormal,
  mostPicturesAClass,
  stepsOf,
  tilesAPicture,
} from './training/steps.ts';
import { withTiles } from './training/tiling.ts';
import { trainStage } from './training/training-loop.ts';
import { checkCancelled } from './work.ts';

export interface TrainInput {
  readonly engine: Engine;
  readonly backbone: Backbone;
  readonly openScratch: OpenScratch;
  /** Where to keep how far training is, and what an earlier run kept. */
  readonly checkpoint?: Checkpoint | undefined;
  /** Where the features of pictures come from; a benchmark that trains often on the same ones keeps them. */
  readonly extract?: typeof extractFeatures | undefined;
  readonly classes: readonly TrainingClass[];
  readonly profile: ProfileName;
  readonly method: MethodOptions;
  readonly schedule: Schedule;
  /** Longest side of a tile of a picture, in pixels; without it pictures are looked at as a whole. */
  readonly tile?: number | 'auto' | undefined;
  readonly seed: number;
  readonly version: string;
  readonly now: () => Date;
  /** Go on from this bundle: its method, statistics and values are kept. */
  readonly from?: Bundle | undefined;
  /** What to ignore of every picture, now and whenever the bundle inspects; a picture may have a mask of its own. */
  readonly ignored?: Mask | undefined;
  /** Rules of the thresholds. Default: quantile:0.99, and nothing unsure. */
  readonly rules?: ThresholdRules | undefined;
  /** Keeps some of the pictures for updates. */
  readonly replay?: KeepReplay | undefined;
  readonly onEvent?: OnEvent | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Trains GRAD on good pictures and calibrates it on some that were held out.
 * Given what a checkpoint kept of the same training, it goes on from there and makes the same bundle.
 * @throws OPTION_INVALID where the method needs another backbone; DATA_TOO_FEW, CANCELLED, ENGINE_FAILED,
 *   CHECKPOINT_MISMATCH, CHECKPOINT_INVALID
 */
export async function train(input: TrainInput): Promise<Bundle> {
  const { engine, schedule, seed, signal } = input;
  const onEvent = input.onEvent ?? (() => {});
  const started = input.from ? trainedValues(input.from) : undefined;
  const ignored = input.ignored ?? (input.from && ignoredBy(input.from));
  checkBackbone(input.backbone, input.from?.manifest.method ?? input.method, input.profile);
  if (input.from) checkSameBackbone(input.from, input.backbone);
  const classes = sampled(input.classes, mostPicturesAClass(schedule), seed);
  const entries = classes.flatMap((own) => own.entries);
  for (const { name, entries } of classes) {
    if (entries.length < LEAST_PICTURES) tooFew(entries.length, name);
  }
  const mostLeftOut = sum(classes.map(({ entries }) => mostHeldOut(entries.length)));
  checkRules(input.rules, mostLeftOut, entries.length);
  const leftOut = sum(input.classes.map((all) => all.entries.length)) - entries.length;
  checkCancelled(signal);
  const method =
    input.from?.manifest.method ?? (await withTiles(input.method, input.tile, entries));
  const { rows, columns } = method.tiles ?? { rows: 1, columns: 1 };
  const perPicture = tilesAPicture(
    schedule,
    entries.length - mostLeftOut,
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
    { perPicture, seed },
  );
  const { pictures, scratch, skipped } = extraction;
  const saved = checkpoints.saved;
  const values: ParameterValues = saved?.stage
    ? (new Map(Object.entries(saved.values)) as ParameterValues)
    : (started?.parameters ?? new Map());
  // What an earlier run saved of a stage has the values of those before it.
  const stages = stagesOf(method);
  const finished = (stage: Stage) =>
    saved?.stage !== undefined && stages.indexOf(stage) < stages.indexOf(saved.stage.stage);
  let steps = 0;
  let features: ExtractedFeatures;
  let used: Replay;
  let digests: Uint8Array[];
  try {
    const split = holdOut(classes, pictures, seed);
    checkRules(input.rules, split.heldOut.length, pictures.length);
    const learnt = picturesAt(extraction, split.training);
    digests = learnt.map(({ digest }) => digest);
    const entryOf = ({ entry }: ReadPicture) => entry;
    used = {
      learnt: learnt.map(entryOf),
      heldOut: picturesAt(extraction, split.heldOut).map(entryOf),
    };
    const extracted = await featuresOf(extraction, split.training);
    features = started ? { ...extracted, statistics: started.statistics } : extracted;
    checkStatistics(features);
    for (const stage of stages) {
      const stageSteps = stepsOf(
        schedule,
        features.blocks,
        classes.length,
        isPublishedAbnormal(stage, method),
      );
      steps += stageSteps;
      if (finished(stage)) continue;
      await trainStage(stage, values, {
        engine,
        options: method,
        schedule,
        features,
        cellWeights: learntCells(learnt, ignored, method),
        steps: stageSteps,
        seed,
        checkpoints,
        onEvent,
        signal,
      });
    }
    await learnExpectation(values, {
      engine,
      method,
      features,
      kinds: kindsOfClasses(features, classesOf(classes, used.learnt)),
      onEvent,
      signal,
    });
  } finally {
    await scratch.dispose();
  }

  const graph = detector(input.backbone, method, features.statistics, values);
  const model = ignoring(trainedModel(graph, input.version), ignored);
  const scored = await scorePictures(engine, model, used.heldOut, onEvent, signal);
  if (scored.length === 0) tooFew(0, 'the pictures held out for the threshold');
  const calibration = calibrate(
    {
      scores: scored.map(({ score }) => score),
      mapMaxima: scored.map(({ mapMaximum }) => mapMaximum),
      pictures: pictures.map(({ statistics }) => statistics),
    },
    input.rules,
  );
  if (input.replay) {
    const random = new Random(seed).fork('replay');
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
      pictures: features.count,
      heldOut: scored.length,
      ...(leftOut > 0 ? { leftOut } : {}),
      skipped: skipped + used.heldOut.length - scored.length,
      steps,
      dataHash: features.dataHash,
      engine: engine.description,
    },
    learnt: learntFrom(digests, input.from?.manifest.learnt),
  };
  return withManifest(model, manifest);
}

/** @throws OPTION_INVALID when the method is for another network than the one at hand */
function checkBackbone(backbone: Backbone, method: MethodOptions, profile: ProfileName): void {
  if (backbone.name === method.backbone) return;
  fail(
    'OPTION_INVALID',
    `Expected weights of ${method.backbone} (--backbone FILE) for the profile ${profile} but received ${backbone.name}`,
  );
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

const sum = (numbers: readonly number[]) => numbers.reduce((total, number) => total + number, 0);
