import type { OnEvent } from '@bigrid/inspect';
import type { Device } from './engine/engine.ts';

/** What every verb takes beside its own options. */
export interface WorkOptions {
  /** Called as work goes on: progress with time left, images skipped. */
  readonly onEvent?: OnEvent;
  /** Stops the work: the promise rejects with CANCELLED, and nothing half-written stays. */
  readonly signal?: AbortSignal;
  /** Threads of the engine. Default: as many as the machine has cores. */
  readonly threads?: number;
  /** Where to compute. Default: `cpu`. */
  readonly device?: Device;
}
