import { fail } from '@bigrid/errors';
import type { Engine, Graph } from '@bigrid/graph';
import { type Backbone, Random } from '@bigrid/method';
import { type Bundle, checkSameBackbone, trainedModel, withManifest } from './bundle/bundle.ts';
import { learntFrom } from './bundle/learnt.ts';
import type { Calibration, Manifest } from './bundle/manifest.ts';
import { calibrate, rulesOf } from './calibration/calibration.ts';
import { picturesOf } from './calibration/drift.ts';
import { type ScoredPicture, scorePictures } from './calibration/scoring.ts';
import { guardAgainst, type Suspects, suspectsOf } from './calibration/suspects.ts';
import { ignoredBy, ignoring } from './detection/ignored-area.ts';
import { NONE_READABLE, type OnEvent } from './events.ts';
import { groupNearDuplicates } from './fingerprint.ts';
import type { KeepReplay, OpenScratch, PictureEntry, Replay } from './ports.ts';
import { DecodedOnce } from './training/decoded-once.ts';
import {
  type Extraction,
  extractFeatures,
  featuresOf,
  picturesAt,
  type ReadPicture,
} from './training/feature-extraction.ts';
import { goOn } from './training/go-on.ts';
import { checkRules, drawGroups } from './training/hold-out.ts';
import { keepReplay } from './training/replay.ts';
import { tilesAPicture } from './training/steps.ts';

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
  /** Learn images that score far beyond what good ones reach. */
  readonly allowSuspect?: boolean | undefined;
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

/**
 * Teaches a bundle new good pictures beside old ones, and sets its thresholds anew by its rules, from pictures of both
 * kinds that no training saw. Its method, what it ignores, and the statistics of its features stay.
 * @throws OPTION_INVALID where the backbone is another; DATA_NO_GOOD where no new picture can be read;
 *   SUSPECT_IMAGES where new ones score far beyond what good ones reach;
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

  const all = [...input.good, ...replay.heldOut];
  const before = await scorePictures(engine, bundle, all, onEvent, signal, 'inspecting');
  const scored = before.map(({ entry }) => entry);
  const isOld = new Set(replay.heldOut);
  const pictures = before.filter(({ entry }) => !isOld.has(entry));
  const { learnt: known } = checkNew(pictures, input, onEvent);

  const { graph, steps, fresh, old } = await learn(
    { ...input, good: pictures.map(({ entry }) => entry) },
    new Set(known.map(({ entry }) => entry)),
    random,
  );
  const model = ignoring(trainedModel(graph, manifest.bigridVersion), ignoredBy(bundle));
  const after = await scorePictures(engine, model, scored, onEvent, signal);

  const isHeldOut = new Set([...fresh.heldOut, ...replay.heldOut]);
  const unseen = after.filter(({ entry }) => isHeldOut.has(entry));
  const { pictures: reference } = manifest.calibration;
  const calibration = calibrate(
    {
      scores: unseen.map(({ score }) => score),
      mapMaxima: unseen.map(({ mapMaximum }) => mapMaximum),
      groups: groupNearDuplicates(unseen.map(({ fingerprint }) => fingerprint)),
      // Old pictures held out that have near-duplicates among what was learnt still do.
      origin: manifest.calibration.origin === 'near-duplicates' ? 'near-duplicates' : 'held-out',
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
    learnt: learntFrom(
      pictures.filter(({ entry }) => fresh.learnt.includes(entry)).map(({ digest }) => digest),
      manifest.learnt,
    ),
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
    pictures: compared(pictures),
    old: compared(before.filter(({ entry }) => isOld.has(entry))),
  };
}

/**
 * Looks at new pictures before anything is learnt from them.
 * @throws DATA_NO_GOOD where there are none, SUSPECT_IMAGES
 */
function checkNew(
  pictures: readonly ScoredPicture[],
  { good, bundle: { manifest }, allowSuspect: allowed }: UpdateInput,
  onEvent: OnEvent,
): Suspects {
  if (pictures.length === 0) {
    fail('DATA_NO_GOOD', `Expected readable good pictures but received none of ${good.length}`, {
      remedy: NONE_READABLE,
    });
  }
  const suspects = suspectsOf(manifest, pictures);
  guardAgainst({ ...suspects, learnt: [] }, manifest, pictures.length, { allowed, onEvent });
  const { length } = suspects.learnt;
  if (length > 0) {
    const message = `${length} of ${pictures.length} new images were learnt before: they are learnt again, and do not set the threshold.`;
    onEvent({ type: 'warning', message });
  }
  return suspects;
}

/** What was learnt, and from what. */
interface Learnt {
  readonly graph: Graph;
  readonly steps: number;
  /** The new pictures, by what became of them. */
  readonly fresh: Replay;
  /** The old pictures that were learnt again. */
  readonly old: readonly PictureEntry[];
}

/**
 * Extracts features, holds out some of the new pictures, and learns the others beside the old ones.
 * @param known new pictures that were learnt before: they are never held out, for their scores are too low for that
 */
async function learn(
  input: UpdateInput,
  known: ReadonlySet<PictureEntry>,
  random: Random,
): Promise<Learnt> {
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
    const split = splitFresh(extraction, isNew, known, random);
    const heldOut = split.heldOut.length + replay.heldOut.length;
    // How many scores a rule takes does not depend on training: better to fail before it than after it.
    checkRules(rulesOf(bundle.manifest, {}), heldOut, heldOut);
    const features = await featuresOf(extraction, split.learnt);
    const blocks = training.pictures * tilesOf(training.pictures);
    const learnt = picturesAt(extraction, split.learnt);
    const entriesAt = (indices: readonly number[]) =>
      picturesAt(extraction, indices).map(({ entry }) => entry);
    const { graph, steps } = await goOn(input, features, learnt, isNew, blocks, random);
    return {
      graph,
      steps,
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
  known: ReadonlySet<PictureEntry>,
  random: Random,
): { fresh: number[]; learnt: number[]; heldOut: number[] } {
  const indices = pictures.map((_, index) => index);
  const fresh = indices.filter((index) => isFresh.has((pictures[index] as ReadPicture).entry));
  const most = Math.floor(fresh.length * HELD_OUT_SHARE);
  const drawn = random
    .fork('split')
    .permutation(fresh.length)
    .map((at) => fresh[at] as number)
    .filter((index) => !known.has((pictures[index] as ReadPicture).entry));
  const groups = groupNearDuplicates(drawn.map((at) => (pictures[at] as ReadPicture).fingerprint));
  const together = [...Map.groupBy(drawn.keys(), (at) => groups[at]).values()];
  const heldOut = drawGroups(together, most, most, 0)
    .flat()
    .map((at) => drawn[at] as number);
  const without = (all: readonly number[]) => all.filter((index) => !heldOut.includes(index));
  return { heldOut, fresh: without(fresh), learnt: without(indices) };
}
