import { fail } from '@bigrid/errors';
import type { Engine, Graph } from '@bigrid/graph';
import { type Backbone, Random } from '@bigrid/method';
import { type Bundle, checkSameBackbone, trainedModel, withManifest } from './bundle/bundle.ts';
import { learntFrom } from './bundle/learnt.ts';
import type { Calibration, Manifest } from './bundle/manifest.ts';
import { calibrate, rulesOf } from './calibration/calibration.ts';
import { imagesOf } from './calibration/drift.ts';
import { type ScoredImage, scoreImages } from './calibration/scoring.ts';
import { guardAgainst, type Suspects, suspectsOf } from './calibration/suspects.ts';
import { ignoredBy, ignoring } from './detection/ignored-area.ts';
import { NONE_READABLE, type OnEvent } from './events.ts';
import { groupNearDuplicates } from './fingerprint.ts';
import type { ImageEntry, KeepReplay, OpenScratch, Replay } from './ports.ts';
import { DecodedOnce } from './training/decoded-once.ts';
import {
  type Extraction,
  extractFeatures,
  featuresOf,
  imagesAt,
  type ReadImage,
} from './training/feature-extraction.ts';
import { goOn } from './training/go-on.ts';
import { checkRules, drawGroups } from './training/hold-out.ts';
import { keepReplay } from './training/replay.ts';
import { tilesPerImage } from './training/steps.ts';

export interface UpdateInput {
  readonly engine: Engine;
  /** The one that the bundle was trained with. */
  readonly backbone: Backbone;
  readonly bundle: Bundle;
  /** New good images, false alarms above all. */
  readonly good: readonly ImageEntry[];
  /** What training kept beside the bundle: at least one image learnt, and one held out. */
  readonly replay: Replay;
  /** Keeps images of both kinds for the next update. */
  readonly keep?: KeepReplay | undefined;
  readonly openScratch: OpenScratch;
  /** Learn images that score far beyond what good ones reach. */
  readonly allowSuspect?: boolean | undefined;
  readonly now: () => Date;
  readonly onEvent?: OnEvent | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** A good image with its scores under the bundle as it was and as it is now. */
export interface UpdatedImage {
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
  /** The new images that could be read, in order. */
  readonly images: readonly UpdatedImage[];
  /** The old images held out that were kept: those that are among what sets the new thresholds. */
  readonly old: readonly UpdatedImage[];
}

/** Share of the new images that is kept for the threshold; fewer than four are too few to share. */
const HELD_OUT_SHARE = 0.25;

/**
 * Teaches a bundle new good images beside old ones, and sets its thresholds anew by its rules, from images of both
 * kinds that no training saw. Its method, what it ignores, and the statistics of its features stay.
 * @throws OPTION_INVALID where the backbone is another; DATA_NO_GOOD where no new image can be read;
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
  const before = await scoreImages(engine, bundle, all, onEvent, signal, 'inspecting');
  const scored = before.map(({ entry }) => entry);
  const isOld = new Set(replay.heldOut);
  const images = before.filter(({ entry }) => !isOld.has(entry));
  const { learnt: known } = checkNew(images, input, onEvent);

  const { graph, steps, fresh, old } = await learn(
    { ...input, good: images.map(({ entry }) => entry) },
    new Set(known.map(({ entry }) => entry)),
    random,
  );
  const model = ignoring(trainedModel(graph, manifest.bigridVersion), ignoredBy(bundle));
  const after = await scoreImages(engine, model, scored, onEvent, signal);

  const isHeldOut = new Set([...fresh.heldOut, ...replay.heldOut]);
  const unseen = after.filter(({ entry }) => isHeldOut.has(entry));
  const { images: reference } = manifest.calibration;
  const calibration = calibrate(
    {
      scores: unseen.map(({ score }) => score),
      mapMaxima: unseen.map(({ mapMaximum }) => mapMaximum),
      groups: groupNearDuplicates(unseen.map(({ fingerprint }) => fingerprint)),
      // Old images held out that have near-duplicates among what was learnt still do.
      origin: manifest.calibration.origin === 'near-duplicates' ? 'near-duplicates' : 'held-out',
      // Old images are kept at another size than the one that they came in, which changes how sharp they look.
      ...(reference && {
        images: [...imagesOf(reference), ...images.map(({ statistics }) => statistics)],
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
  const done = { at, images: fresh.learnt.length, heldOut: fresh.heldOut.length, steps };
  const updated: Manifest = {
    ...manifest,
    calibration: { ...calibration, measuredAt: at },
    updates: [...earlier, done],
    learnt: learntFrom(
      images.filter(({ entry }) => fresh.learnt.includes(entry)).map(({ digest }) => digest),
      manifest.learnt,
    ),
  };
  const scoreAfter = new Map(after.map(({ entry, score }) => [entry, score]));
  const compared = (own: readonly ScoredImage[]): UpdatedImage[] =>
    own.flatMap(({ entry, score }) => {
      const now = scoreAfter.get(entry);
      if (now === undefined) return [];
      return [{ path: entry.path, heldOut: isHeldOut.has(entry), before: score, after: now }];
    });
  return {
    bundle: withManifest(model, updated),
    before: manifest.calibration,
    images: compared(images),
    old: compared(before.filter(({ entry }) => isOld.has(entry))),
  };
}

/**
 * Looks at new images before anything is learnt from them.
 * @throws DATA_NO_GOOD where there are none, SUSPECT_IMAGES
 */
function checkNew(
  images: readonly ScoredImage[],
  { good, bundle: { manifest }, allowSuspect: allowed }: UpdateInput,
  onEvent: OnEvent,
): Suspects {
  if (images.length === 0) {
    fail('DATA_NO_GOOD', `Expected readable good images but received none of ${good.length}`, {
      remedy: NONE_READABLE,
    });
  }
  const suspects = suspectsOf(manifest, images);
  guardAgainst({ ...suspects, learnt: [] }, manifest, images.length, { allowed, onEvent });
  const { length } = suspects.learnt;
  if (length > 0) {
    const message = `${length} of ${images.length} new images were learnt before: they are learnt again, and do not set the threshold.`;
    onEvent({ type: 'warning', message });
  }
  return suspects;
}

/** What was learnt, and from what. */
interface Learnt {
  readonly graph: Graph;
  readonly steps: number;
  /** The new images, by what became of them. */
  readonly fresh: Replay;
  /** The old images that were learnt again. */
  readonly old: readonly ImageEntry[];
}

/**
 * Extracts features, holds out some of the new images, and learns the others beside the old ones.
 * @param known new images that were learnt before: they are never held out, for their scores are too low for that
 */
async function learn(
  input: UpdateInput,
  known: ReadonlySet<ImageEntry>,
  random: Random,
): Promise<Learnt> {
  const { engine, backbone, bundle, good, replay, signal } = input;
  const { method, schedule, training, classes } = bundle.manifest;
  const entries = [...good, ...replay.learnt];
  const { rows, columns } = method.tiles ?? { rows: 1, columns: 1 };
  const tilesOf = (images: number) =>
    tilesPerImage(schedule, images, classes.length, rows * columns);
  const extraction = await extractFeatures(
    engine,
    backbone,
    method,
    entries,
    input.openScratch,
    input.onEvent ?? (() => {}),
    signal,
    undefined,
    { perImage: tilesOf(entries.length), seed: training.seed },
  );
  try {
    const isNew = new Set(good);
    const split = splitFresh(extraction, isNew, known, random);
    const heldOut = split.heldOut.length + replay.heldOut.length;
    // How many scores a rule takes does not depend on training: better to fail before it than after it.
    checkRules(rulesOf(bundle.manifest, {}), heldOut, heldOut);
    const features = await featuresOf(extraction, split.learnt);
    const blocks = training.images * tilesOf(training.images);
    const learnt = imagesAt(extraction, split.learnt);
    const entriesAt = (indices: readonly number[]) =>
      imagesAt(extraction, indices).map(({ entry }) => entry);
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

/** Draws new images to hold out, near-duplicates together. @returns indices of images */
function splitFresh(
  { images }: Extraction,
  isFresh: ReadonlySet<ImageEntry>,
  known: ReadonlySet<ImageEntry>,
  random: Random,
): { fresh: number[]; learnt: number[]; heldOut: number[] } {
  const indices = images.map((_, index) => index);
  const fresh = indices.filter((index) => isFresh.has((images[index] as ReadImage).entry));
  const most = Math.floor(fresh.length * HELD_OUT_SHARE);
  const drawn = random
    .fork('split')
    .permutation(fresh.length)
    .map((at) => fresh[at] as number)
    .filter((index) => !known.has((images[index] as ReadImage).entry));
  const groups = groupNearDuplicates(drawn.map((at) => (images[at] as ReadImage).fingerprint));
  const together = [...Map.groupBy(drawn.keys(), (at) => groups[at]).values()];
  const heldOut = drawGroups(together, most, most, 0)
    .flat()
    .map((at) => drawn[at] as number);
  const without = (all: readonly number[]) => all.filter((index) => !heldOut.includes(index));
  return { heldOut, fresh: without(fresh), learnt: without(indices) };
}
