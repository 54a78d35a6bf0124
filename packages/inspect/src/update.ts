import { fail } from '@bigrid/errors';
import { type Bundle, withManifest } from './bundle/bundle.ts';
import { allLieFreely, type Calibration } from './bundle/manifest.ts';
import { rulesOf } from './calibration/calibration.ts';
import { type ScoredImage, scoreImages } from './calibration/scoring.ts';
import { guardAgainst, suspectsOf } from './calibration/suspects.ts';
import { NONE_READABLE, type OnEvent } from './events.ts';
import type { ImageEntry, KeepReplay, Replay, TrainingPorts } from './ports.ts';
import { build } from './training/build.ts';
import { calibrateUpdated } from './training/calibrate.ts';
import { DecodedOnce } from './training/decoded-once.ts';
import { type Extraction, entriesAt, extractFeatures } from './training/feature-extraction.ts';
import { checkRules, holdOutNew } from './training/hold-out.ts';
import { learn } from './training/learn.ts';
import { measure } from './training/measure.ts';
import { planUpdate } from './training/plan.ts';
import { updatedManifest } from './training/provenance.ts';
import { keepReplay } from './training/replay.ts';

export interface UpdateInput extends TrainingPorts {
  readonly bundle: Bundle;
  /** New good images, typically false positives. */
  readonly good: readonly ImageEntry[];
  /** Images kept by training: at least one that was learnt and one that was held out. */
  readonly replay: Replay;
  /** Keeps old and new images for the next update. */
  readonly keep?: KeepReplay | undefined;
  /** Also learn images that score far above all known good images. */
  readonly allowSuspect?: boolean | undefined;
}

/** A good image with its scores before and after the update. */
export interface UpdatedImage {
  readonly path: string;
  /** Held out for the threshold instead of learnt. */
  readonly heldOut: boolean;
  readonly before: number;
  readonly after: number;
}

export interface Update {
  readonly bundle: Bundle;
  /** The calibration before the update. */
  readonly before: Calibration;
  /** The new images that could be read, in order. */
  readonly images: readonly UpdatedImage[];
  /** The old held-out images that could be read: with the new ones held out they set the new thresholds. */
  readonly old: readonly UpdatedImage[];
}

/**
 * Trains a bundle further on new good images together with old ones, and recalibrates it by its own rules on old and new
 * images that it was not trained on. Its method, its ignored area and its feature statistics stay the same. The steps are
 * those of a training: read, split, learn, measure, build, calibrate, keep.
 * @throws OPTION_INVALID if the backbone is not the bundle's; DATA_NO_GOOD if no new image can be read;
 *   SUSPECT_IMAGES if new images score far above all known good images; THRESHOLD_UNSUPPORTED if a rule needs more scores;
 *   BUNDLE_INVALID, CANCELLED, ENGINE_FAILED
 */
export async function update(input: UpdateInput): Promise<Update> {
  const { engine, bundle, replay, openScratch } = input;
  const { manifest } = bundle;
  const once = await DecodedOnce.open(engine, manifest.method, openScratch);
  let extraction: Extraction | undefined;
  try {
    const good = once.of(input.good);
    const fresh = new Set(good);
    const isNew = (entry: ImageEntry) => fresh.has(entry);
    const plan = await planUpdate(input, isNew);
    const { random, onEvent } = plan;
    const all = [...good, ...once.of(replay.heldOut)];
    const scoring = { ...plan, model: bundle, entries: all, phase: 'inspecting' } as const;
    const before = await scoreImages(scoring);
    const images = before.filter(({ entry }) => isNew(entry));
    const old = before.filter(({ entry }) => !isNew(entry));
    const known = new Set(checkNew(images, input, onEvent));

    const entries = [...entriesOf(images), ...replay.learnt];
    const sample = plan.sampleOf(entries.length);
    extraction = await extractFeatures({ ...plan, entries, sample });
    const { images: read } = extraction;
    const lieFreely = allLieFreely(manifest);
    const split = holdOutNew({ images: read, isNew, known, lieFreely, random });
    const scorable = split.heldOut.length + replay.heldOut.length;
    // How many scores a rule needs does not depend on training, so fail before it rather than after.
    checkRules(rulesOf(manifest, {}), scorable, scorable);

    const fold = { plan, extraction, ...split };
    const learnt = await learn(fold);
    const model = build(await measure(fold, learnt));

    const after = await scoreImages({ ...plan, model, entries: entriesOf(before) });
    const heldOut = [...entriesOf(old), ...entriesAt(extraction, split.heldOut)];
    const isHeldOut = new Set(heldOut);
    const unseen = after.filter(({ entry }) => isHeldOut.has(entry));
    const calibration = calibrateUpdated(manifest, unseen, images);

    const taught = entriesAt(extraction, split.training);
    const added = new Set(taught.filter(isNew));
    const from = { learnt: [...taught.filter((entry) => !isNew(entry)), ...added], heldOut };
    await keepReplay({ ...plan, from, into: input.keep, random: random.fork('replay') });
    const updated = updatedManifest({
      manifest,
      calibration,
      at: input.now(),
      learnt: images.filter(({ entry }) => added.has(entry)),
      heldOut: split.heldOut.length,
      steps: learnt.steps,
    });
    return {
      bundle: withManifest(model, updated),
      before: manifest.calibration,
      images: compared(images, after, isHeldOut),
      old: compared(old, after, isHeldOut),
    };
  } finally {
    await extraction?.scratch.dispose();
    await once.dispose();
  }
}

/**
 * Checks the new images before anything is learnt from them.
 * @returns the images that the bundle was already trained on
 * @throws DATA_NO_GOOD if there are none, SUSPECT_IMAGES
 */
function checkNew(
  images: readonly ScoredImage[],
  { good, bundle: { manifest }, allowSuspect: allowed }: UpdateInput,
  onEvent: OnEvent,
): ImageEntry[] {
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
  return entriesOf(suspects.learnt);
}

/** Pairs scores before and after the update; images that could not be read a second time are left out. */
function compared(
  images: readonly ScoredImage[],
  after: readonly ScoredImage[],
  heldOut: ReadonlySet<ImageEntry>,
): UpdatedImage[] {
  const scores = new Map(after.map(({ entry, score }) => [entry, score]));
  return images.flatMap(({ entry, score }) => {
    const now = scores.get(entry);
    if (now === undefined) return [];
    return [{ path: entry.path, heldOut: heldOut.has(entry), before: score, after: now }];
  });
}

const entriesOf = (scored: readonly ScoredImage[]) => scored.map(({ entry }) => entry);
