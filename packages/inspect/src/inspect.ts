import type { BigridError } from '@bigrid/errors';
import type { Manifest } from './bundle/manifest.ts';
import { type Judgement, judge } from './calibration/calibration.ts';
import { confidenceOf } from './calibration/confidence.ts';
import type { Detector, Inspection } from './detection/detector.ts';
import { type Region, regionsOf } from './detection/regions.ts';
import type { Image, ImageEntry } from './ports.ts';
import { imageError, readImage } from './read-image.ts';
import { imagesAhead, inOrder, type TakeRoom } from './work.ts';

/** The verdict on one image. */
export interface Verdict<Entry extends ImageEntry = ImageEntry> extends Inspection {
  /** What the caller gave to be inspected: the same object, with whatever else it carries. */
  readonly entry: Entry;
  readonly path: string;
  /** The manifest's threshold. */
  readonly threshold: number;
  /** How sure it is that the image is anomalous: 0..1, 0.5 at the threshold; see {@link confidenceOf}. */
  readonly confidence: number;
  /** normal, anomalous, or between both unsure, where the manifest has a threshold for it. */
  readonly verdict: Judgement;
  /** score > threshold */
  readonly isAnomalous: boolean;
  /** Where the map is above the manifest's threshold of maps, the highest peak first. */
  readonly regions: readonly Region[];
}

/** An image that could not be inspected. */
export interface FailedInspection<Entry extends ImageEntry = ImageEntry> {
  /** What the caller gave to be inspected: the same object, with whatever else it carries. */
  readonly entry: Entry;
  readonly path: string;
  readonly error: BigridError;
}

/**
 * Judges what the model says of an image by the thresholds of a manifest.
 * @param smallestRegion image pixels below which a region is left out
 */
export function verdictOf<Entry extends ImageEntry>(
  inspection: Inspection,
  entry: Entry,
  { calibration }: Pick<Manifest, 'calibration'>,
  smallestRegion = 0,
): Verdict<Entry> {
  const { image, map, score } = inspection;
  const { threshold, pixelThreshold } = calibration;
  return {
    entry,
    path: entry.path,
    ...inspection,
    threshold,
    confidence: confidenceOf(calibration)(score),
    verdict: judge(score, calibration),
    isAnomalous: score > threshold,
    regions: regionsOf(map, image, pixelThreshold, smallestRegion),
  };
}

/**
 * Inspects images in order; the next ones are decoded, and where the engine can, inspected meanwhile. An image that
 * cannot be read yields its error and does not stop the others.
 * @param options smallestRegion: image pixels below which a region is left out; default 0
 * @throws CANCELLED, ENGINE_FAILED
 */
export async function* inspect<Entry extends ImageEntry>(
  detector: Detector,
  manifest: Pick<Manifest, 'calibration'>,
  entries: Iterable<Entry> | AsyncIterable<Entry>,
  options: {
    readonly smallestRegion?: number | undefined;
    readonly signal?: AbortSignal | undefined;
  } = {},
): AsyncGenerator<Verdict<Entry> | FailedInspection<Entry>> {
  const { signal, smallestRegion } = options;
  const look = (entry: Entry, takeRoom: TakeRoom) => lookAt(detector, entry, takeRoom);
  const ahead = imagesAhead(detector.runsAtOnce);
  for await (const outcome of inOrder(entries, look, ahead, signal)) {
    const { item: entry } = outcome;
    if ('error' in outcome) {
      // What comes from outside may be no entry at all.
      const { path = 'unnamed' }: Partial<ImageEntry> = entry ?? {};
      yield { entry, path, error: imageError(path, outcome.error) };
    } else {
      yield verdictOf(await outcome.value.inspection, entry, manifest, smallestRegion);
    }
  }
}

/**
 * Decodes an image and asks the detector about it at once, so that an engine that can has several to work on. What
 * fails in the engine is heard of by awaiting `inspection`: it is no fault of the image.
 * @throws what {@link readImage} throws
 */
export async function lookAt(
  detector: Detector,
  entry: ImageEntry,
  takeRoom: TakeRoom,
): Promise<{ image: Image; inspection: Promise<Inspection> }> {
  const image = await readImage(entry, takeRoom);
  const inspection = detector.inspect(image, entry.ignored);
  // Its turn may never come, after another failure or when work is stopped.
  inspection.catch(() => {});
  return { image, inspection };
}
