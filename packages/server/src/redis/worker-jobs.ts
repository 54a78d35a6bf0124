import { access } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { pid } from 'node:process';
import { setTimeout as wait } from 'node:timers/promises';
import { isBigridError } from '@bigrid/errors';
import { type Job, Worker } from 'bullmq';
import type { Redis } from 'ioredis';
import { jobFiles } from '../job-files.ts';
import { failureOf } from '../workers/failures.ts';
import type { JobReport } from '../workers/job-messages.ts';
import { JobProcess } from '../workers/job-process.ts';
import type { RedisConnection } from './connection.ts';
import { packOutcome, type SentOutcome } from './job-messages.ts';
import { CHECK_EVERY, closePart, LEASE, queueOf } from './queue.ts';
import type { OpenJob, WorkerFiles } from './worker-files.ts';

/** Least milliseconds between copies of what a job has written. */
const SAVE_EVERY = 1000;
/** How much longer than a copy takes it is until the next. */
const PAUSE_PER_SAVE = 4;
/** Milliseconds until a bucket that is away is tried again. */
const RETRY_AFTER = 3000;

interface Running {
  readonly stop: AbortController;
  /** Stops the job once the worker cannot be sure that it is still its own. */
  readonly lease: NodeJS.Timeout;
  isLost: boolean;
  readonly ended: PromiseWithResolvers<void>;
}

/** Takes jobs from Redis and runs them here. */
export class WorkerJobs {
  readonly #files: WorkerFiles;
  readonly #connection: RedisConnection;
  readonly #worker: Worker<unknown, SentOutcome>;
  readonly #subscriber: Redis;
  readonly #running = new Map<string, Running>();

  private constructor(files: WorkerFiles, connection: RedisConnection, concurrency: number) {
    const { name, options } = queueOf(files.folderId, 'jobs', connection.client);
    this.#files = files;
    this.#connection = connection;
    this.#subscriber = connection.client.duplicate();
    this.#worker = new Worker<unknown, SentOutcome>(name, (job) => this.#run(job), {
      ...options,
      ...{ concurrency, lockDuration: LEASE, stalledInterval: CHECK_EVERY },
      // The server counts how often a job is started, and starts it again.
      maxStalledCount: 0,
    });
    this.#subscriber.on('error', connection.report);
    this.#worker
      .on('error', connection.report)
      .on('locksRenewed', ({ jobIds }) => {
        for (const id of jobIds) this.#running.get(id)?.lease.refresh();
      })
      .on('lockRenewalFailed', (ids) => {
        for (const id of ids) this.#lose(id);
      });
  }

  /** @param atOnce jobs that run at once */
  static async open(
    files: WorkerFiles,
    connection: RedisConnection,
    atOnce: number,
  ): Promise<WorkerJobs> {
    const jobs = new WorkerJobs(files, connection, atOnce);
    jobs.#subscriber.on('message', (_, run: string) => jobs.#running.get(run)?.stop.abort());
    const { key } = queueOf(files.folderId, 'jobs', connection.client);
    await jobs.#subscriber.subscribe(key('stops'));
    await jobs.#worker.waitUntilReady();
    return jobs;
  }

  /** Stops the jobs, and gives them back. */
  async close(): Promise<void> {
    const closed = closePart(this.#worker, this.#connection);
    const running = [...this.#running.values()];
    for (const { stop } of running) stop.abort();
    await Promise.all(running.map(({ ended }) => ended.promise));
    await closed;
    this.#subscriber.disconnect();
  }

  async #run(job: Job): Promise<SentOutcome> {
    const id = job.id as string;
    const stop = new AbortController();
    const lease = setTimeout(() => this.#lose(id), LEASE);
    const ended = Promise.withResolvers<void>();
    const running: Running = { stop, lease, isLost: false, ended };
    this.#running.set(id, running);
    try {
      return await this.#work(job, running);
    } catch (error) {
      if (stop.signal.aborted) return { type: 'stopped' };
      return { type: 'failed', failure: failureOf(error, 'run the job') };
    } finally {
      clearTimeout(lease);
      this.#running.delete(id);
      ended.resolve();
    }
  }

  /** Others may have it by now. */
  #lose(id: string): void {
    const running = this.#running.get(id);
    if (!running) return;
    running.isLost = true;
    running.stop.abort();
  }

  async #work(job: Job, running: Running): Promise<SentOutcome> {
    const { signal } = running.stop;
    const report = (one: JobReport) => void job.updateProgress(one).catch(() => {});
    const onAway = ({ message }: Error) => report({ type: 'log', message });
    const files = await untilBack(
      () => this.#files.openJob(job.id as string, job.data),
      signal,
      onAway,
    );
    try {
      const { task } = files;
      // Another worker finished it and could not say so.
      if (await exists(join(task.folder, jobFiles.result))) return { type: 'ended' };
      report({ type: 'log', message: `Taken by the worker on ${hostname()}, process ${pid}.` });
      const process = new JobProcess(task, (one) => {
        if (one.type !== 'preview') return report(one);
        // The server may look for its maps at once.
        void files
          .save()
          .catch(() => {})
          .then(() => report(one));
      });
      const stop = () => void process.stop();
      if (signal.aborted) stop();
      else signal.addEventListener('abort', stop, { once: true });
      const outcome = await savedMeanwhile(files, process.outcome);
      if (!running.isLost) await untilBack(() => files.save(), signal, onAway);
      return packOutcome(outcome);
    } finally {
      await files.close();
    }
  }
}

/** Copies what a job writes until it has ended. @returns how */
async function savedMeanwhile<Outcome>(
  files: OpenJob,
  outcome: Promise<Outcome>,
): Promise<Outcome> {
  let pause = SAVE_EVERY;
  const ended = outcome.then(() => true);
  while (!(await Promise.race([ended, wait(pause, false, { ref: false })]))) {
    const started = performance.now();
    // The next one copies what is missing.
    await files.save().catch(() => {});
    pause = Math.max(SAVE_EVERY, PAUSE_PER_SAVE * (performance.now() - started));
  }
  return outcome;
}

/** Tries until the bucket can be reached, once if it is to stop. @param onAway is called once if it cannot */
async function untilBack<Result>(
  attempt: () => Promise<Result>,
  signal: AbortSignal,
  onAway: (error: Error) => void,
): Promise<Result> {
  for (let isFirst = true; ; isFirst = false) {
    try {
      return await attempt();
    } catch (error) {
      if (!isBigridError(error, 'S3_UNAVAILABLE') || signal.aborted) throw error;
      if (isFirst) onAway(error);
      await wait(RETRY_AFTER, undefined, { signal });
    }
  }
}

function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
