import { type BigridError, isBigridError } from '@bigrid/errors';
import type { MapScale } from './bundle/map-scale.ts';
import type { AnomalyMap } from './detection/detector.ts';

/** The phase of a long-running operation. */
export type Phase =
  | 'reading'
  | 'cross-fitting'
  | 'abnormal grid'
  | 'normal grid'
  | 'remembering'
  | 'measuring'
  | 'calibrating'
  | 'keeping'
  | 'inspecting'
  | 'evaluating';

/** The map of an image while its model is being trained. */
export interface PreviewMap {
  /** Path or name of the image. */
  readonly path: string;
  /** Raw errors: comparable with those of the same preview, not with others. */
  readonly map: AnomalyMap;
}

/** Events of a long-running operation. Front ends (command line, server, page) only render them. */
export type WorkEvent =
  | {
      readonly type: 'progress';
      readonly phase: Phase;
      readonly done: number;
      readonly total: number;
      /** Estimated from the rate so far in this phase; undefined until there is one. */
      readonly secondsLeft: number | undefined;
      /** Training phases: the loss, smoothed. */
      readonly loss?: number;
    }
  | {
      /** Only of a training that is asked for them. The last one shows what the finished model makes of the images. */
      readonly type: 'preview';
      /** Steps done, of all stages. */
      readonly step: number;
      /** Smoothed; undefined if there were no steps. */
      readonly loss: number | undefined;
      /** The range of values to colour. */
      readonly scale: MapScale;
      readonly maps: readonly PreviewMap[];
    }
  | { readonly type: 'skipped'; readonly path: string; readonly error: BigridError }
  /** A problem that does not stop the work; may have several lines. */
  | { readonly type: 'warning'; readonly message: string };

export type OnEvent = (event: WorkEvent) => void;

/** Remedy if no image could be read: each was reported individually. */
export const NONE_READABLE =
  'The error of each image was reported above; export the images again as PNG or JPEG.';

/** Reports an unreadable image and returns its error; rethrows errors that are not the image's fault. */
export function reportSkipped(path: string, error: unknown, onEvent: OnEvent): BigridError {
  if (!isBigridError(error)) throw error;
  onEvent({ type: 'skipped', path, error });
  return error;
}

/**
 * Reports the progress of a phase, with the time left. Its clock is monotonic.
 * @param before number of items that an earlier run had done
 */
export function progressOf(phase: Phase, total: number, onEvent: OnEvent, before = 0) {
  const started = performance.now();
  onEvent({ type: 'progress', phase, done: before, total, secondsLeft: undefined });
  return (done: number, loss?: number) => {
    const elapsed = (performance.now() - started) / 1000;
    const secondsLeft = done > before ? (elapsed / (done - before)) * (total - done) : undefined;
    onEvent({
      type: 'progress',
      phase,
      done,
      total,
      secondsLeft,
      ...(loss === undefined ? {} : { loss }),
    });
  };
}
