import { type BigridError, isBigridError } from '@bigrid/errors';
import { confidenceOf } from './confidence.ts';
import type { Detector, Inspection } from './detector.ts';
import type { Manifest } from './manifest.ts';
import type { Picture, PictureEntry } from './ports.ts';
import { checkCancelled, DECODE_AHEAD, inOrder } from './work.ts';

/** The verdict on one picture. */
export interface Verdict extends Inspection {
  readonly path: string;
  readonly picture: Picture;
  /** The manifest's threshold. */
  readonly threshold: number;
  /** How sure it is that the picture is anomalous: 0..1, 0.5 at the threshold; see {@link confidenceOf}. */
  readonly confidence: number;
  /** score > threshold */
  readonly isAnomalous: boolean;
}

/** A picture that could not be inspected. */
export interface FailedInspection {
  readonly path: string;
  readonly error: BigridError;
}

/**
 * Inspects pictures in order; the next ones are decoded meanwhile. A picture that cannot be read yields its
 * error and does not stop the others.
 * @throws CANCELLED, ENGINE_FAILED
 */
export async function* inspect(
  detector: Detector,
  manifest: Manifest,
  entries: Iterable<PictureEntry> | AsyncIterable<PictureEntry>,
  signal?: AbortSignal,
): AsyncGenerator<Verdict | FailedInspection> {
  const { threshold } = manifest.calibration;
  const confidence = confidenceOf(manifest.calibration);
  for await (const outcome of inOrder(entries, (entry) => entry.read(), DECODE_AHEAD)) {
    checkCancelled(signal);
    const { path } = outcome.item;
    if ('error' in outcome) {
      if (!isBigridError(outcome.error)) throw outcome.error;
      yield { path, error: outcome.error };
    } else {
      const { score, map } = await detector.inspect(outcome.value);
      yield {
        path,
        picture: outcome.value,
        score,
        map,
        threshold,
        confidence: confidence(score),
        isAnomalous: score > threshold,
      };
    }
  }
}
