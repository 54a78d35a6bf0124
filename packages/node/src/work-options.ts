import type { OnEvent } from '@bigrid/inspect';
import type { EngineOptions } from './engine/engine.ts';

/** Options common to all long-running functions. */
export interface WorkOptions extends EngineOptions {
  /** Called during the work: progress with the time left, skipped images, warnings. */
  readonly onEvent?: OnEvent | undefined;
  /** Stops the work: the promise rejects with CANCELLED, and no partial file is left. */
  readonly signal?: AbortSignal | undefined;
}
