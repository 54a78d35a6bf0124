import { fail } from '@bigrid/errors';
import { type Engine, float32, type Graph } from '@bigrid/graph';
import {
  type Backbone,
  detector,
  type ParameterValues,
  Random,
  type Schedule,
  stagesOf,
} from '@bigrid/method';
import {
  type Bundle,
  checkSameBackbone,
  trainedModel,
  trainedValues,
  withManifest,
} from './bundle/bundle.ts';
import type { Calibration, Manifest } from './bundle/manifest.ts';
import { calibrate, rulesOf } from './calibration/calibration.ts';
import { picturesOf } from './calibration/drift.ts';
import { type ScoredPicture, scorePictures } from './calibration/scoring.ts';
import { ignoredBy, ignoring, learntCells } from './detection/ignored-area.ts';
import type { OnEvent } from './events.ts';
import type { KeepReplay, OpenScratch, PictureEntry, Replay } from './ports.ts';
import { Checkpoints } from './training/checkpoint.ts';
import { DecodedOnce } from './training/decoded-once.ts';
import { learnExpectation } from './training/expectation.ts';
import {
  type ExtractedFeatures,
  type Extraction,
  extractFeatures,
  featuresOf,
  picturesAt,
  type ReadPicture,
} from './training/feature-extraction.ts';
import { checkRules, drawTogether } from './training/hold-out.ts';
import { kindsOfUpdate } from './training/kinds.ts';
import { keepReplay } from './training/replay.ts';
import { isPublishedAbnormal, stepsOf, tilesAPicture } from './training/steps.ts';
import { trainStage } from './training/training-loop.ts';

export interface UpdateInput {
  readonly engine: Engine;
  /** The one that the bundle was trained with. */
  readonly backbone: Backbone;
  readonly bundle: Bundle;
  /** New good pictures, false alarms above all. */
  readonly good: readonly PictureEntry[];
  /** What training kept beside the bundle: at least one picture learnt, and one held out. */
  readonly replay: Replay;
  /** Keeps pictures of both kinds for the next update. */
  readonly keep?: KeepReplay | undefined;
  readonly openScratch: OpenScratch;
  readonly now: () => Date;
  readonly onEvent?: OnEvent | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** A good picture with its scores under the bundle as it was and as it is now. */
export interface UpdatedPicture {
  readonly path: string;
  /** Kept for the threshold instead of learnt. */
  readonly heldOut: boolean;
  readonly before: number;
  readonly after: number;
}

export interface Update {
  readonly bundle: Bundle;
  /** The thresholds as they were. */
  readonly before: Calibration;
  /** The new pictures that could be read, in order. */
  readonly pictures: readonly UpdatedPicture[];
  /** The old pictures held out that were kept: those that are among what sets the new thresholds. */
  readonly old: readonly UpdatedPicture[];
}

/** Share of the new pictures that is kept for the threshold; fewer than four are too few to share. */
const HELD_OUT_SHARE = 0.25;
/** Steps, as a share of those of a training from nothing. */
const SHARE_OF_STEPS = 1 / 6;
/** What learning rates are multiplied by: at those of the first training, old pictures that are not kept suffer. */
const GENTLENESS = 0.5;

/**
 * Teaches a bundle new good pictures beside old ones, and sets its thresholds anew by its rules, from pictures of both
 * kinds that no training saw. Its method, what it ignores, and the statistics of its features stay.
 * @throws OPTION_INVALID where the backbone is another; DATA_NO_GOOD where no new picture can be read;
 *   THRESHOLD_UNSUPPORTED where a rule asks for more than there is; BUNDLE_INVALID, CANCELLED, ENGINE_FAILED
 */
export async function update(input: UpdateInput): Promise<Update> {
  const { engine, bundle, good, replay, openScratch } = input;
  checkSameBackbone(bundle, input.backbone);
  const once = await DecodedOnce.open(engine, bundle.manifest.method, openScratch);
  try {
    const heldOut = once.of(replay.heldOut);
    return await updateFrom({ ...input, good: once.of(good), replay: { ...replay, heldOut } });
  } finally {
    await once.dispose();
  }
}

async function updateFrom(input: UpdateInput): Promise<Update> {
  const { engine, bundle, replay, signal } = input;
  const { manifest } = bundle;
  const onEvent = input.onEvent ?? (() => {});
  const earlier = manifest.updates ?? [];
  const random = new Random(manifest.training.seed).fork(`update ${earlier.length + 1}`);

  const { graph, steps, pictures, fresh, old } = await learn(input, random);
  const model = ignoring(trainedModel(graph, manifest.bigridVersion), ignoredBy(bundle));
  const all = [...pictures.map(({ entry }) => entry), ...replay.heldOut];
  const before = await scorePictures(engine, bundle, all, onEvent, signal, 'inspecting');
  const scored = before.map(({ entry }) => entry);
  const after = await scorePictures(engine, model, scored, onEvent, signal);

  const isOld = new Set(replay.heldOut);
  const isHeldOut = new Set([...fresh.heldOut, ...replay.heldOut]);
  const unseen = after.filter(({ entry }) => isHeldOut.has(entry));
  const { pictures: reference } = manifest.calibration;
  const calibration = calibrate(
    {
      scores: unseen.map(({ score }) => score),
      mapMaxima: unseen.map(({ mapMaximum }) => mapMaximum),
      // Old pictures are kept at another size than the one that they came in, which changes how sharp they look.
      ...(reference && {
        pictures: [...picturesOf(reference), ...pictures.map(({ statistics }) => statistics)],
      }),
    },
    rulesOf(manifest, {}),
  );
  if (input.keep) {
    const from = {
      learnt: [...old, ...fresh.learnt],
      heldOut: [...scored.filter((entry) => isOld.has(entry)), ...fresh.heldOut],
    };
    const drawing = random.fork('replay');
    await keepReplay(engine, manifest.method, from, input.keep, drawing, onEvent, signal);
  }
  const at = input.now().toISOString();
  const done = { at, pictures: fresh.learnt.length, heldOut: fresh.heldOut.length, steps };
  const updated: Manifest = {
    ...manifest,
    calibration: { ...calibration, measuredAt: at },
    updates: [...earlier, done],
  };
  const scoreAfter = new Map(after.map(({ entry, score }) => [entry, score]));
  const compared = (own: readonly ScoredPicture[]): UpdatedPicture[] =>
    own.flatMap(({ entry, score }) => {
      const now = scoreAfter.get(entry);
      if (now === undefined) return [];
      return [{ path: entry.path, heldOut: isHeldOut.has(entry), before: score, after: now }];
    });
  return {
    bundle: withManifest(model, updated),
    before: manifest.calibration,
    pictures: compared(before.filter(({ entry }) => !isOld.has(entry))),
    old: compared(before.filter(({ entry }) => isOld.has(entry))),
  };
}

/** What was learnt, and from what. */
interface Learnt {
  readonly graph: Graph;
  readonly steps: number;
  /** The new pictures that could be read, in order. */
  readonly pictures: readonly ReadPicture[];
  /** The same, by what became of them. */
  readonly fresh: Replay;
  /** The old pictures that were learnt again. */
  readonly old: readonly PictureEntry[];
}

/** Extracts features, holds out some of the new pictures, and learns the others beside the old ones. */
async function learn(input: UpdateInput, random: Random): Promise<Learnt> {
  const { engine, backbone, bundle, good, replay, signal } = input;
  const { method, schedule, training, classes } = bundle.manifest;
  const entries = [...good, ...replay.learnt];
  const { rows, columns } = method.tiles ?? { rows: 1, columns: 1 };
  const tilesOf = (pictures: number) =>
    tilesAPicture(schedule, pictures, classes.length, rows * columns);
  const extraction = await extractFeatures(
    engine,
    backbone,
    method,
    entries,
    input.openScratch,
    input.onEvent ?? (() => {}),
    signal,
    undefined,
    { perPicture: tilesOf(entries.length), seed: training.seed },
  );
  try {
    const isNew = new Set(good);
    const split = splitFresh(extraction, isNew, random);
    if (split.fresh.length + split.heldOut.length === 0) {
      fail('DATA_NO_GOOD', `Expected readable good pictures but received none of ${good.length}`);
    }
    const heldOut = split.heldOut.length + replay.heldOut.length;
    // How many scores a rule takes does not depend on training: better to fail before it than after it.
    checkRules(rulesOf(bundle.manifest, {}), heldOut, entries.length);
    const features = await featuresOf(extraction, split.learnt);
    const blocks = training.pictures * tilesOf(training.pictures);
    const learnt = picturesAt(extraction, split.learnt);
    const entriesAt = (indices: readonly number[]) =>
      picturesAt(extraction, indices).map(({ entry }) => entry);
    const { graph, steps } = await goOn(input, features, learnt, isNew, blocks, random);
    return {
      graph,
      steps,
      pictures: extraction.pictures.filter(({ entry }) => isNew.has(entry)),
      fresh: { learnt: entriesAt(split.fresh), heldOut: entriesAt(split.heldOut) },
      old: entriesAt(split.learnt).filter((entry) => !isNew.has(entry)),
    };
  } finally {
    await extraction.scratch.dispose();
  }
}

/** Draws new pictures to hold out, near-duplicates together. @returns indices of pictures */
function splitFresh(
  { pictures }: Extraction,
  isFresh: ReadonlySet<PictureEntry>,
  random: Random,
): { fresh: number[]; learnt: number[]; heldOut: number[] } {
  const indices = pictures.map((_, index) => index);
  const fresh = indices.filter((index) => isFresh.has((pictures[index] as ReadPicture).entry));
  const most = Math.floor(fresh.length * HELD_OUT_SHARE);
  const drawn = random
    .fork('split')
    .permutation(fresh.length)
    .map((at) => fresh[at] as number);
  const heldOut = most === 0 ? [] : drawTogether(drawn, pictures, most);
  const without = (all: readonly number[]) => all.filter((index) => !heldOut.includes(index));
  return { heldOut, fresh: without(fresh), learnt: without(indices) };
}

/** Goes on training from the bundle's values: all of its stages, shorter and more gently than at first. */
async function goOn(
  { engine, backbone, bundle, onEvent = () => {}, signal }: UpdateInput,
  extracted: ExtractedFeatures,
  learnt: readonly ReadPicture[],
  isNew: ReadonlySet<PictureEntry>,
  firstBlocks: number,
  random: Random,
): Promise<{ graph: Graph; steps: number }> {
  const { method, classes, schedule: first } = bundle.manifest;
  const { parameters: before, statistics } = trainedValues(bundle);
  const values = new Map(before);
  const features = { ...extracted, statistics };
  const kinds = kindsOfUpdate(before, features, (at) =>
    isNew.has((learnt[at] as ReadPicture).entry),
  );
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
