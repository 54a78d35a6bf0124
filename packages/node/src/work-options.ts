import type { OnEvent } from '@bigrid/inspect';
import type { EngineOptions } from './engine/engine.ts';

/** What every verb takes besides its own options. */
export interface WorkOptions extends EngineOptions {
  /** Called as work goes on: progress with time left, images skipped, warnings. */
  readonly onEvent?: OnEvent | undefined;
  /** Stops the work: the promise rejects with CANCELLED, and nothing half-written stays. */
  readonly signal?: AbortSignal | undefined;
}
