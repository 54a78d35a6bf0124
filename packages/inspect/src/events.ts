import { type BigridError, isBigridError } from '@bigrid/errors';

/** What a long piece of work is doing. */
export type Phase =
  | 'reading'
  | 'cross-fitting'
  | 'abnormal grid'
  | 'normal grid'
  | 'measuring'
  | 'calibrating'
  | 'keeping'
  | 'inspecting'
  | 'evaluating';

/** What happens while work goes on. Faces (command line, server, page) only render these. */
export type WorkEvent =
  | {
      readonly type: 'progress';
      readonly phase: Phase;
      readonly done: number;
      readonly total: number;
      /** Estimated from the pace so far in this phase; undefined until there is one. */
      readonly secondsLeft: number | undefined;
      /** Training phases: the loss, smoothed. */
      readonly loss?: number;
    }
  | { readonly type: 'skipped'; readonly path: string; readonly error: BigridError }
  /** Something a person should know that does not stop the work; of several lines, perhaps. */
  | { readonly type: 'warning'; readonly message: string };

export type OnEvent = (event: WorkEvent) => void;

/** What to do where no image at all could be read: each was reported by itself. */
export const NONE_READABLE =
  'The error of each was told before; export the images again as PNG or JPEG.';

/** Reports an image that cannot be read and gives its error; what is no fault of the image is thrown on. */
export function reportSkipped(path: string, error: unknown, onEvent: OnEvent): BigridError {
  if (!isBigridError(error)) throw error;
  onEvent({ type: 'skipped', path, error });
  return error;
}

/**
 * Reports how far a phase is, with the time left. Its clock only goes forward, whatever is done to the system's.
 * @param before what an earlier run had done of it
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
