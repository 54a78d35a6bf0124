import { createReadStream } from 'node:fs';
import { join } from 'node:path';
import { BigridError, fail, isBigridError } from '@bigrid/errors';
import type { Database } from '../database/database.ts';
import { jobFiles } from '../job-files.ts';
import type { JobRepository, NamedJobRow } from '../repositories/jobs.ts';
import type { JobOutcome, JobRun, JobRunner } from '../workers/job-runner.ts';
import { actAs } from './audit.ts';
import type { JobEvents } from './job-events.ts';
import { type JobPreparationParts, prepareJob } from './job-preparation.ts';
import { requestOf } from './job-requests.ts';
import { ScoreIntake } from './score-intake.ts';
import type { Scorer } from './scores.ts';

export interface JobQueueParts extends JobPreparationParts {
  readonly database: Database;
  readonly jobs: JobRepository;
  readonly events: JobEvents;
  readonly runner: JobRunner;
  /** Called with errors that are not those of a job. */
  readonly onError: (error: unknown) => void;
}

interface Run {
  work: JobRun | undefined;
  /** Resolves once the database says that it has begun. */
  begun: Promise<unknown>;
  isCancelled: boolean;
  done: Promise<void>;
}

/** How often a job is started whose process, or the server with it, ended before it was done. */
const MOST_TRIES = 3;

/** Gives queued jobs to a runner, in the order of their ids, and stores what comes of them. */
export class JobQueue {
  readonly #parts: JobQueueParts;
  readonly #runs = new Map<number, Run>();
  #isClosed = false;

  constructor(parts: JobQueueParts) {
    this.#parts = parts;
  }

  /** Takes up the jobs that an earlier process of the server left, and begins. */
  async start(): Promise<void> {
    const { jobs, folders, runner } = this.#parts;
    for (const row of jobs.inState('running')) {
      if (runner.outlivesServer) this.#begin({ ...row, tries: row.tries - 1 });
      else await this.#takeUp(row, row.tries);
    }
    await folders.removeAllBut(jobs.all());
    this.next();
  }

  /** Starts as many queued jobs as may run. */
  next(): void {
    const { jobs, runner } = this.#parts;
    if (this.#isClosed) return;
    for (const row of jobs.inState('queued')) {
      if (this.#runs.size >= runner.atOnce) return;
      if (!this.#runs.has(row.id)) this.#begin(row);
    }
  }

  /** Cancels a job, and resolves once its process has ended. It may have been done just then. @throws QUEUE_UNAVAILABLE */
  async cancel(job: number): Promise<void> {
    const { jobs, events } = this.#parts;
    const end = () => jobs.end(job, { state: 'cancelled' }, ['queued']);
    do {
      await this.#cancelRun(job);
      await events.change(job, 'cancelled', end);
      // It may have begun meanwhile.
    } while (this.#runs.has(job));
  }

  /** Lets jobs go on without the server; those that cannot are ended, and stay queued. */
  async close(): Promise<void> {
    this.#isClosed = true;
    await Promise.all(
      [...this.#runs.values()].map(async ({ work, done }) => {
        await work?.leave();
        await done;
      }),
    );
  }

  async #cancelRun(job: number): Promise<void> {
    const run = this.#runs.get(job);
    if (!run) return;
    run.isCancelled = true;
    try {
      await run.work?.stop();
    } catch (error) {
      run.isCancelled = false;
      throw error;
    }
    await run.done;
  }

  /** @param row `tries` are those before this one */
  #begin(row: NamedJobRow): void {
    const begun = Promise.resolve();
    const run: Run = { work: undefined, begun, isCancelled: false, done: begun };
    this.#runs.set(row.id, run);
    // Not as whoever ended the job before it.
    run.done = actAs(row.created_by, () => this.#run(row, run));
  }

  async #run(row: NamedJobRow, run: Run): Promise<void> {
    const { folders, onError } = this.#parts;
    const { id } = row;
    try {
      // Its scores may not be stored yet, which its result alone does not tell.
      const left = row.kind === 'inspect' ? undefined : await folders.result(id);
      const result = left ?? (await this.#work(row, run));
      if (result !== undefined) await this.#finish(row, result);
    } catch (error) {
      await this.#fail(id, error).catch(onError);
    }
    this.#runs.delete(id);
    this.next();
  }

  /** @returns the result; undefined if it was stopped, or is to be started again */
  async #work(row: NamedJobRow, run: Run): Promise<string | undefined> {
    const { jobs, events, folders } = this.#parts;
    const { id } = row;
    const outcome = await this.#outcome(row, run);
    if (outcome.type === 'left') return undefined;
    const result = await folders.result(id);
    if (result !== undefined) return result;
    if (run.isCancelled) {
      await events.change(id, 'cancelled', () => jobs.end(id, { state: 'cancelled' }));
    } else if (outcome.type === 'failed') {
      throw outcome.error;
    } else if (outcome.type === 'stopped') {
      await events.change(id, 'queued', () => jobs.queue(id, row.tries));
    } else {
      await this.#takeUp(row, row.tries + 1);
    }
    return undefined;
  }

  /** Runs a job once. */
  async #outcome(row: NamedJobRow, run: Run): Promise<JobOutcome> {
    const { jobs, events, runner } = this.#parts;
    const { id } = row;
    const { task, scorer } = await prepareJob(row, this.#parts);
    const intake = scorer && this.#intake(id, scorer);
    if (run.isCancelled) return { type: 'stopped' };
    if (this.#isClosed) return { type: 'left' };
    run.work = runner.start(`job-${id}-${jobs.queuing(id)}`, task, {
      begun: () => {
        run.begun = events.change(id, 'running', () => jobs.begin(id, new Date().toISOString()));
        run.begun.catch(() => {});
      },
      report: (report) => {
        events.report(id, report);
        // What is wrong shows again in the end.
        intake?.take().catch(() => void run.work?.stop());
      },
    });
    const outcome = await run.work.outcome;
    await run.begun;
    await intake?.take();
    await events.settled();
    return outcome;
  }

  #intake(job: number, scorer: Scorer): ScoreIntake {
    const { folders, scores } = this.#parts;
    const path = join(folders.pathOf(job), jobFiles.scores);
    return new ScoreIntake(path, (batch) => scores.store(scorer, batch));
  }

  /** Queues a job again whose process ended too early. @param tries that it had */
  async #takeUp({ id }: NamedJobRow, tries: number): Promise<void> {
    const { jobs, events } = this.#parts;
    if (tries >= MOST_TRIES) {
      const message = `Expected the process of job ${id} to finish but it ended early ${tries} times`;
      return this.#fail(id, new BigridError('WORKER_LOST', message));
    }
    await events.change(id, 'queued', () => {
      events.add(id, { type: 'log', message: 'The process of the job ended early.' });
      return jobs.queue(id, tries);
    });
  }

  /** Stores the result, with the version that the job made: both or neither. */
  async #finish(row: NamedJobRow, text: string): Promise<void> {
    const { events, folders, models } = this.#parts;
    const { id } = row;
    const request = requestOf(row);
    const result = JSON.parse(text) as object;
    if ('activate' in request) {
      const { model = row.project_name, note, activate } = request;
      const content = createReadStream(join(folders.pathOf(id), jobFiles.model));
      const alongside = (version: number) => {
        this.#end(id, { model, version, ...result });
        events.add(id, { type: 'state', state: 'done' });
      };
      await events.settled();
      await models.add({ model, content, note, activate, alongside });
      events.announce(id);
    } else {
      await events.change(id, 'done', () => this.#end(id, result));
    }
    await folders.tidy(id);
  }

  /** Ends a job once: in a transaction, so that what a second end would add is rolled back. */
  #end(id: number, result: object): boolean {
    const end = { state: 'done', result: JSON.stringify(result) } as const;
    if (this.#parts.jobs.end(id, end)) return true;
    return fail('STATE_CONFLICT', `Expected job ${id} not to have ended but it had`);
  }

  async #fail(id: number, reason: unknown): Promise<void> {
    const { jobs, events, onError } = this.#parts;
    if (!isBigridError(reason)) onError(reason);
    const { message, code, remedy } = isBigridError(reason) ? reason : bug(id);
    const error = { error: message, code, remedy };
    await events.change(id, 'failed', () =>
      jobs.end(id, { state: 'failed', error: JSON.stringify(error) }),
    );
  }
}

function bug(id: number): BigridError {
  return new BigridError('ENGINE_FAILED', `The server failed to finish job ${id}`, {
    remedy: 'This is a bug in Bigrid: please report it with the lines of the server log.',
  });
}
