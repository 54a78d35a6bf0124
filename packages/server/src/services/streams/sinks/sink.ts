import type { InspectionResult } from '../../../workers/messages.ts';
import type { DriftChange } from '../drift-watch.ts';

/** What sinks get of an image, as JSON. */
export type StreamResult = {
  readonly at: string;
  readonly stream: string;
  readonly image: string;
  readonly model: string;
} & (
  | ({ readonly version: number } & Omit<InspectionResult, 'map' | 'heatMap' | 'statistics'>)
  | { readonly error: { readonly code: string; readonly message: string } }
);

/** A result, with the image. */
export interface Delivery {
  readonly result: StreamResult;
  /** The image file. */
  readonly image: Uint8Array;
  /** PNG, if the sink asked for it. */
  readonly heatMap: Uint8Array | undefined;
}

/** Tells that what a stream inspects began to differ from calibration, or no longer does. */
export interface DriftAlert extends DriftChange {
  readonly type: 'drift';
  readonly at: string;
  readonly stream: string;
  readonly model: string;
  readonly version: number;
}

/** Takes results, one after the other. */
export interface Sink {
  /**
   * Must not wait for a receiver.
   * @throws if the result is lost; the next one is given to it nevertheless
   */
  take(delivery: Delivery): Promise<void>;
  /** Takes an alert, as it takes results. */
  alert?(alert: DriftAlert): Promise<void>;
  /** Bytes that are not sent yet. */
  waiting?(): Promise<number>;
  /** Sends what can be sent within a few seconds. */
  close(): Promise<void>;
}

/** Milliseconds between lines of the log about a sink. */
const BETWEEN_LINES = 60_000;

/** What became of the results of a sink. */
export class SinkState {
  delivered = 0;
  skipped = 0;
  readonly #log: (trouble: string) => void;
  #trouble: string | undefined;
  #logged: string | undefined;
  /** ms of the process clock. */
  #loggedAt = Number.NEGATIVE_INFINITY;
  #lastTroubleAt = Number.NEGATIVE_INFINITY;

  /** @param log is called with trouble, but not for each result: at most once a minute, and once for what lasts */
  constructor(log: (trouble: string) => void = () => {}) {
    this.#log = log;
  }

  /** What was wrong last; undefined if the latest result was delivered. */
  get trouble(): string | undefined {
    return this.#trouble;
  }

  set trouble(trouble: string | undefined) {
    this.#trouble = trouble;
    if (trouble === undefined) return;
    const now = performance.now();
    const isNew = trouble !== this.#logged || now - this.#lastTroubleAt > BETWEEN_LINES;
    this.#lastTroubleAt = now;
    if (!isNew || now - this.#loggedAt < BETWEEN_LINES) return;
    this.#logged = trouble;
    this.#loggedAt = now;
    this.#log(trouble);
  }

  /** Says what keeps it from its first result, which is not worth a line in the log. */
  waitFor(trouble: string): void {
    this.#trouble = trouble;
  }

  countDelivered(): void {
    this.delivered++;
    this.trouble = undefined;
  }

  countLost(trouble: string): void {
    this.skipped++;
    this.trouble = trouble;
  }
}
