import type { BigridError } from '@bigrid/errors';
import type { Manifest } from './bundle/manifest.ts';
import { type Judgement, judge } from './calibration/calibration.ts';
import { confidenceOf } from './calibration/confidence.ts';
import type { Detector, Inspection } from './detection/detector.ts';
import { type Region, regionsOf } from './detection/regions.ts';
import type { Picture, PictureEntry } from './ports.ts';
import { pictureError, readPicture } from './read-picture.ts';
import { inOrder, picturesAhead, type TakeRoom } from './work.ts';

/** The verdict on one picture. */
export interface Verdict extends Inspection {
  readonly path: string;
  readonly picture: Picture;
  /** The manifest's threshold. */
  readonly threshold: number;
  /** How sure it is that the picture is anomalous: 0..1, 0.5 at the threshold; see {@link confidenceOf}. */
  readonly confidence: number;
  /** normal, anomalous, or between both unsure, where the manifest has a threshold for it. */
  readonly verdict: Judgement;
  /** score > threshold */
  readonly isAnomalous: boolean;
  /** Where the map is above the manifest's threshold of maps, the highest peak first. */
  readonly regions: readonly Region[];
}

/** A picture that could not be inspected. */
export interface FailedInspection {
  readonly path: string;
  readonly error: BigridError;
}

/**
 * Inspects pictures in order; the next ones are decoded, and where the engine can, inspected meanwhile. A picture that
 * cannot be read yields its error and does not stop the others.
 * @param options smallestRegion: picture pixels below which a region is left out; default 0
 * @throws CANCELLED, ENGINE_FAILED
 */
export async function* inspect(
  detector: Detector,
  manifest: Manifest,
  entries: Iterable<PictureEntry> | AsyncIterable<PictureEntry>,
  options: {
    readonly smallestRegion?: number | undefined;
    readonly signal?: AbortSignal | undefined;
  } = {},
): AsyncGenerator<Verdict | FailedInspection> {
  const { signal, smallestRegion } = options;
  const { threshold, pixelThreshold } = manifest.calibration;
  const confidence = confidenceOf(manifest.calibration);
  const look = (entry: PictureEntry, takeRoom: TakeRoom) => lookAt(detector, entry, takeRoom);
  const ahead = picturesAhead(detector.runsAtOnce);
  for await (const outcome of inOrder(entries, look, ahead, signal)) {
    // What comes from outside may be no entry at all.
    const { path = 'unnamed' }: Partial<PictureEntry> = outcome.item ?? {};
    if ('error' in outcome) {
      yield { path, error: pictureError(path, outcome.error) };
    } else {
      const { picture } = outcome.value;
      const { score, map, ignored } = await outcome.value.inspection;
      yield {
        path,
        picture,
        score,
        map,
        ignored,
        threshold,
        confidence: confidence(score),
        verdict: judge(score, manifest.calibration),
        isAnomalous: score > threshold,
        regions: regionsOf(map, picture, pixelThreshold, smallestRegion),
      };
    }
  }
}

/**
 * Decodes a picture and asks the detector about it at once, so that an engine that can has several to work on. What
 * fails in the engine is heard of by awaiting `inspection`: it is no fault of the picture.
 * @throws what {@link readPicture} throws
 */
export async function lookAt(
  detector: Detector,
  entry: PictureEntry,
  takeRoom: TakeRoom,
): Promise<{ picture: Picture; inspection: Promise<Inspection> }> {
  const picture = await readPicture(entry, takeRoom);
  const inspection = detector.inspect(picture, entry.ignored);
  // Its turn may never come, after another failure or when work is stopped.
  inspection.catch(() => {});
  return { picture, inspection };
}
