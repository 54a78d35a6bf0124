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
export interface Verdict extends Inspection {
  readonly path: string;
  readonly image: Image;
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
export interface FailedInspection {
  readonly path: string;
  readonly error: BigridError;
}

/**
 * Inspects images in order; the next ones are decoded, and where the engine can, inspected meanwhile. An image that
 * cannot be read yields its error and does not stop the others.
 * @param options smallestRegion: image pixels below which a region is left out; default 0
 * @throws CANCELLED, ENGINE_FAILED
 */
export async function* inspect(
  detector: Detector,
  manifest: Manifest,
  entries: Iterable<ImageEntry> | AsyncIterable<ImageEntry>,
  options: {
    readonly smallestRegion?: number | undefined;
    readonly signal?: AbortSignal | undefined;
  } = {},
): AsyncGenerator<Verdict | FailedInspection> {
  const { signal, smallestRegion } = options;
  const { threshold, pixelThreshold } = manifest.calibration;
  const confidence = confidenceOf(manifest.calibration);
  const look = (entry: ImageEntry, takeRoom: TakeRoom) => lookAt(detector, entry, takeRoom);
  const ahead = imagesAhead(detector.runsAtOnce);
  for await (const outcome of inOrder(entries, look, ahead, signal)) {
    // What comes from outside may be no entry at all.
    const { path = 'unnamed' }: Partial<ImageEntry> = outcome.item ?? {};
    if ('error' in outcome) {
      yield { path, error: imageError(path, outcome.error) };
    } else {
      const { image } = outcome.value;
      const { score, map, ignored } = await outcome.value.inspection;
      yield {
        path,
        image,
        score,
        map,
        ignored,
        threshold,
        confidence: confidence(score),
        verdict: judge(score, manifest.calibration),
        isAnomalous: score > threshold,
        regions: regionsOf(map, image, pixelThreshold, smallestRegion),
      };
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
