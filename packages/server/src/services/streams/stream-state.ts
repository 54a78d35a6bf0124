import type { Judgement } from '@bigrid/node';
import type { DriftState } from './drift-watch.ts';

export type Status = 'running' | 'waiting' | 'finished' | 'failed' | 'stopped';

/** What a stream does, and has done since it was started. */
export interface StreamReport {
  readonly status: Status;
  /** Why it waits or failed. */
  readonly reason?: string | undefined;
  /** When the status began. */
  readonly since: string;
  /** Images inspected per second, over the last ten seconds. */
  readonly framesPerSecond: number;
  /** Images inspected. */
  readonly inspected: number;
  /** Those of them that were anomalous. */
  readonly anomalous: number;
  /** Frames of a camera that were not inspected, because a newer one came before the model was free. */
  readonly dropped: number;
  /** Images that could not be inspected. */
  readonly failed: number;
  /** Undefined until enough images were inspected. */
  readonly drift?: DriftState | undefined;
}

/** Milliseconds over which the frame rate is measured. */
const WINDOW = 10_000;

/** Keeps count of what a stream does. */
export class StreamState {
  readonly #started = performance.now();
  /** Why it waits for its source, and for its model. */
  readonly #waitsFor: { source?: string | undefined; model?: string | undefined } = {
    source: 'Starting',
  };
  #status: Status = 'waiting';
  #reason: string | undefined = 'Starting';
  #since = new Date();
  #inspected = 0;
  #anomalous = 0;
  #dropped = 0;
  #failed = 0;
  /** When the latest images were inspected, in ms of the process clock. */
  #times: number[] = [];

  /** @param reason undefined if it does not wait for this any more */
  waitFor(what: 'source' | 'model', reason: string | undefined): void {
    this.#waitsFor[what] = reason;
    const why = this.#waitsFor.source ?? this.#waitsFor.model;
    this.#set(why === undefined ? 'running' : 'waiting', why);
  }

  end(status: 'finished' | 'failed', reason?: string): void {
    this.#set(status, reason);
  }

  #set(status: Status, reason: string | undefined): void {
    if (status !== this.#status) this.#since = new Date();
    this.#status = status;
    this.#reason = reason;
  }

  countInspected(verdict: Judgement): void {
    this.#inspected++;
    if (verdict === 'anomalous') this.#anomalous++;
    const now = performance.now();
    this.#times = [...this.#times.filter((time) => now - time < WINDOW), now];
  }

  countDropped(): void {
    this.#dropped++;
  }

  countFailed(): void {
    this.#failed++;
  }

  report(): StreamReport {
    const now = performance.now();
    const seconds = Math.min(WINDOW, now - this.#started) / 1000;
    const latest = this.#times.filter((time) => now - time < WINDOW);
    return {
      status: this.#status,
      reason: this.#reason,
      since: this.#since.toISOString(),
      framesPerSecond: latest.length / Math.max(seconds, 0.001),
      inspected: this.#inspected,
      anomalous: this.#anomalous,
      dropped: this.#dropped,
      failed: this.#failed,
    };
  }
}
