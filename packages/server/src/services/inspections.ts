import { setImmediate } from 'node:timers/promises';
import type { Database } from '../database/database.ts';
import {
  type InspectionFilter,
  InspectionRepository,
  type InspectionRow,
} from '../repositories/inspections.ts';
import type { Inspected } from './model-version.ts';

/** An inspection that the server did for a client or a stream. */
export interface LoggedInspection extends Omit<InspectionRow, 'at' | 'unknown'> {
  readonly at: string;
  readonly unknown: boolean;
}

export interface InspectionPage {
  readonly inspections: LoggedInspection[];
  /** Where the next page begins; null on the last. */
  readonly next: number | null;
}

/** Where an image came from. */
export interface InspectionOrigin {
  readonly source: 'http' | `stream:${string}`;
  /** Name of the image file; empty if it has none. */
  readonly name: string;
}

/** Milliseconds between writes: one flush to disk for all inspections of a second. */
const WRITE_EVERY = 1000;
/** Inspections that wait while the database cannot be written; beyond that the oldest are given up. */
const MOST_WAITING = 10_000;
const LONGEST_NAME = 1000;
/** Inspections that are read at once. */
const BATCH = 1000;

/** Records inspections, in batches, so that none waits for the disk. A crash takes those of the last second with it. */
export class InspectionLog {
  readonly #database: Database;
  readonly #inspections: InspectionRepository;
  readonly #most: number;
  readonly #onError: (error: unknown) => void;
  #waiting: Omit<InspectionRow, 'id'>[] = [];
  #timer: NodeJS.Timeout | undefined;
  #written: Promise<void> = Promise.resolve();
  #isFailing = false;
  /** Called for each inspection. */
  onRecorded: (model: string, verdict: string) => void = () => {};

  /**
   * @param most inspections that are kept, the newest; 0 records none
   * @param onError is called when inspections cannot be written, once until they can be again
   */
  constructor(database: Database, most: number, onError: (error: unknown) => void) {
    this.#database = database;
    this.#inspections = new InspectionRepository(database);
    this.#most = most;
    this.#onError = onError;
  }

  record({ source, name }: InspectionOrigin, { version, result }: Inspected): void {
    const { score, threshold, verdict, unknown, statistics, milliseconds } = result;
    this.onRecorded(version.model, verdict);
    if (this.#most === 0) return;
    this.#waiting.push({
      ...{ at: Date.now(), model: version.model, version: version.version },
      ...{ source, name: name.slice(0, LONGEST_NAME), score, threshold, verdict },
      ...{ unknown: unknown ? 1 : 0, ...statistics, milliseconds },
    });
    this.#timer ??= setTimeout(() => void this.flush(), WRITE_EVERY);
  }

  /** Resolves once what was recorded before is written, or cannot be. */
  flush(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#written = this.#written.then(() => this.#write());
    return this.#written;
  }

  /** A page of inspections, the newest first, with all that were recorded before. @param before id */
  async list(filter: InspectionFilter, before: number, limit: number): Promise<InspectionPage> {
    const found: LoggedInspection[] = [];
    for await (const batch of this.all(filter, before, limit + 1)) {
      found.push(...batch);
      if (found.length > limit) break;
    }
    const inspections = found.slice(0, limit);
    return { inspections, next: found.length > limit ? (inspections.at(-1)?.id ?? null) : null };
  }

  /**
   * All inspections, the newest first, in batches, between which other requests have their turn.
   * @param before id
   * @param most inspections per batch
   */
  async *all(
    filter: InspectionFilter,
    before: number = Number.MAX_SAFE_INTEGER,
    most = BATCH,
  ): AsyncGenerator<LoggedInspection[]> {
    await this.flush();
    const oldest = this.#inspections.oldest();
    for (let below = Math.min(before, this.#inspections.latest() + 1); below > oldest; ) {
      const { rows, next } = this.#inspections.list(filter, below, most);
      if (rows.length > 0) yield rows.map(describe);
      below = next;
      await setImmediate();
    }
  }

  async #write(): Promise<void> {
    const batch = this.#waiting;
    if (batch.length === 0) return;
    this.#waiting = [];
    try {
      await this.#database.write(() => {
        for (const row of batch) this.#inspections.add(row);
        this.#inspections.prune(this.#most);
      });
      this.#isFailing = false;
    } catch (error) {
      if (!this.#isFailing) this.#onError(error);
      this.#isFailing = true;
      this.#waiting = [...batch, ...this.#waiting].slice(-MOST_WAITING);
    }
  }
}

function describe({ at, unknown, ...row }: InspectionRow): LoggedInspection {
  return { ...row, at: new Date(at).toISOString(), unknown: unknown === 1 };
}
