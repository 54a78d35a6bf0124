import { EventEmitter, once } from 'node:events';
import type { Database } from '../database/database.ts';
import type { JobEventRow, JobRepository, JobState } from '../repositories/jobs.ts';
import type { JobReport } from '../workers/job-messages.ts';

/** What happens to a job. */
export type JobHappening = JobReport | { readonly type: 'state'; readonly state: JobState };

export interface JobEvent {
  /** Ascends over all jobs. */
  readonly id: number;
  readonly type: JobEventRow['type'];
  readonly data: unknown;
}

/** Stores what happens to jobs, and tells those who wait for it. */
export class JobEvents {
  readonly #database: Database;
  readonly #jobs: JobRepository;
  readonly #emitter = new EventEmitter().setMaxListeners(0);
  readonly #onError: (error: unknown) => void;
  #waiting: { readonly job: number; readonly report: JobReport }[] = [];
  #isWriting = false;
  #written = Promise.resolve();

  /** @param onError is called if reports cannot be stored, which does not stop their job */
  constructor(database: Database, jobs: JobRepository, onError: (error: unknown) => void) {
    this.#database = database;
    this.#jobs = jobs;
    this.#onError = onError;
  }

  /** Stores a report soon, together with others that come meanwhile. */
  report(job: number, report: JobReport): void {
    this.#waiting.push({ job, report });
    if (!this.#isWriting) this.#written = this.#write();
  }

  /** Resolves once all reports are stored. */
  async settled(): Promise<void> {
    while (this.#isWriting) await this.#written;
  }

  /**
   * Changes the state of a job, after all that it reported.
   * @param change inside of a transaction; returns whether there was anything to change
   * @returns what it returned
   */
  async change(job: number, state: JobState, change: () => boolean): Promise<boolean> {
    await this.settled();
    const isChanged = await this.#database.write(() => {
      const changed = change();
      if (changed) this.add(job, { type: 'state', state });
      return changed;
    });
    this.announce(job);
    return isChanged;
  }

  /** Adds an event inside of a transaction; {@link announce} it after that. */
  add(job: number, { type, ...data }: JobHappening): void {
    this.#jobs.addEvent(job, { type, data: JSON.stringify(data) });
  }

  /** Tells those who wait that there is something new. */
  announce(job: number): void {
    this.#emitter.emit(nameOf(job));
  }

  /** Events after another one, at most a number of them. */
  after(job: number, id: number, most: number): JobEvent[] {
    return this.#jobs
      .events(job, id, most)
      .map((row) => ({ ...row, data: JSON.parse(row.data) as unknown }));
  }

  /** Resolves when something happens. Rejects when the signal is aborted. */
  async next(job: number, signal: AbortSignal): Promise<void> {
    await once(this.#emitter, nameOf(job), { signal });
  }

  async #write(): Promise<void> {
    this.#isWriting = true;
    while (this.#waiting.length > 0) {
      const batch = this.#waiting;
      this.#waiting = [];
      try {
        await this.#database.write(() => {
          for (const { job, report } of batch) this.add(job, report);
        });
      } catch (error) {
        this.#onError(error);
      }
      for (const job of new Set(batch.map((one) => one.job))) this.announce(job);
    }
    this.#isWriting = false;
  }
}

function nameOf(job: number): string {
  return `job ${job}`;
}
