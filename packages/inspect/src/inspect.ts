import type { BigridError } from '@bigrid/errors';
import type { Manifest } from './bundle/manifest.ts';
import { type Judgement, judge } from './calibration/calibration.ts';
import { confidenceOf } from './calibration/confidence.ts';
import type { Detector, Inspection } from './detection/detector.ts';
import { type Region, regionsOf } from './detection/regions.ts';
import { isUnknown } from './detection/unknown.ts';
import type { Image, ImageEntry } from './ports.ts';
import { imageError, readImage } from './read-image.ts';
import { imagesAhead, inBackground, inOrder, type TakeRoom } from './work.ts';

/** The verdict on one image. */
export interface Verdict<Entry extends ImageEntry = ImageEntry> extends Inspection {
  /** The entry that the caller passed in: the same object, with any other properties it has. */
  readonly entry: Entry;
  readonly path: string;
  /** The manifest's threshold. */
  readonly threshold: number;
  /** Confidence that the image is anomalous: 0..1, 0.5 at the threshold; see {@link confidenceOf}. */
  readonly confidence: number;
  /** normal, anomalous or, if the manifest has a threshold for it, unsure. */
  readonly verdict: Judgement;
  /** score > threshold */
  readonly isAnomalous: boolean;
  /**
   * Whether the image shows something other than the product, such as a black frame or another part: the map is high nearly
   * everywhere. Independent of the verdict, which follows from the score alone.
   */
  readonly unknown: boolean;
  /** Regions where the anomaly map is above the manifest's pixel threshold, highest peak first. */
  readonly regions: readonly Region[];
}

/** An image that could not be inspected. */
export interface FailedInspection<Entry extends ImageEntry = ImageEntry> {
  /** The entry that the caller passed in: the same object, with any other properties it has. */
  readonly entry: Entry;
  readonly path: string;
  readonly error: BigridError;
}

/**
 * Applies the thresholds of a manifest to the model's output for an image.
 * @param smallestRegion regions of fewer image pixels are left out
 */
export function verdictOf<Entry extends ImageEntry>(
  inspection: Inspection,
  entry: Entry,
  { calibration }: Pick<Manifest, 'calibration'>,
  smallestRegion = 0,
): Verdict<Entry> {
  const { image, map, score } = inspection;
  const { threshold, pixelThreshold, mapMaxima } = calibration;
  return {
    entry,
    path: entry.path,
    ...inspection,
    threshold,
    confidence: confidenceOf(calibration)(score),
    verdict: judge(score, calibration),
    isAnomalous: score > threshold,
    unknown: isUnknown(inspection, mapMaxima),
    regions: regionsOf(map, image, pixelThreshold, smallestRegion),
  };
}

/**
 * Inspects images and yields verdicts in order. The next images are decoded and, if the engine can, inspected meanwhile.
 * An unreadable image yields its error and does not stop the others.
 * @param options smallestRegion: regions of fewer image pixels are left out; default 0
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
      // What callers pass in may not be an entry.
      const { path = 'unnamed' }: Partial<ImageEntry> = entry ?? {};
      yield { entry, path, error: imageError(path, outcome.error) };
    } else {
      yield verdictOf(await outcome.value.inspection, entry, manifest, smallestRegion);
    }
  }
}

/**
 * Decodes an image and passes it to the detector immediately, so that an engine can work on several. Engine errors reject
 * `inspection`: they are not the image's fault.
 * @throws what {@link readImage} throws
 */
export async function lookAt(
  detector: Detector,
  entry: ImageEntry,
  takeRoom: TakeRoom,
): Promise<{ image: Image; inspection: Promise<Inspection> }> {
  const image = await readImage(entry, takeRoom);
  return { image, inspection: inBackground(detector.inspect(image, entry.ignored)) };
}
