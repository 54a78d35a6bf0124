import { access } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { pid } from 'node:process';
import { type Job, Worker } from 'bullmq';
import type { Redis } from 'ioredis';
import { jobFiles } from '../job-files.ts';
import { failureOf } from '../workers/failures.ts';
import type { JobReport } from '../workers/job-messages.ts';
import { JobProcess } from '../workers/job-process.ts';
import type { RedisConnection } from './connection.ts';
import { packOutcome, type SentOutcome, unpackTask } from './job-messages.ts';
import { CHECK_EVERY, closePart, LEASE, queueOf } from './queue.ts';

interface Running {
  readonly process: JobProcess;
  /** Ends the process once the worker cannot be sure that the job is still its own. */
  readonly lease: NodeJS.Timeout;
}

/** Takes jobs from Redis and runs them here. */
export class WorkerJobs {
  readonly #data: string;
  readonly #connection: RedisConnection;
  readonly #worker: Worker<unknown, SentOutcome>;
  readonly #subscriber: Redis;
  readonly #running = new Map<string, Running>();

  private constructor(
    data: string,
    folderId: string,
    connection: RedisConnection,
    concurrency: number,
  ) {
    const { name, options } = queueOf(folderId, 'jobs', connection.client);
    this.#data = data;
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
        for (const id of ids) void this.#running.get(id)?.process.stop();
      });
  }

  /** @param atOnce jobs that run at once */
  static async open(
    data: string,
    folderId: string,
    connection: RedisConnection,
    atOnce: number,
  ): Promise<WorkerJobs> {
    const jobs = new WorkerJobs(data, folderId, connection, atOnce);
    jobs.#subscriber.on('message', (_, run: string) => {
      void jobs.#running.get(run)?.process.stop();
    });
    await jobs.#subscriber.subscribe(queueOf(folderId, 'jobs', connection.client).key('stops'));
    await jobs.#worker.waitUntilReady();
    return jobs;
  }

  /** Stops the jobs, and gives them back. */
  async close(): Promise<void> {
    const closed = closePart(this.#worker, this.#connection);
    await Promise.all([...this.#running.values()].map(({ process }) => process.stop()));
    await closed;
    this.#subscriber.disconnect();
  }

  async #run(job: Job): Promise<SentOutcome> {
    const id = job.id as string;
    const report = (one: JobReport) => void job.updateProgress(one).catch(() => {});
    try {
      const task = unpackTask(this.#data, job.data);
      // Another worker finished it and could not say so.
      if (await exists(join(task.folder, jobFiles.result))) return { type: 'ended' };
      report({ type: 'log', message: `Taken by the worker on ${hostname()}, process ${pid}.` });
      const process = new JobProcess(task, report);
      const lease = setTimeout(() => void process.stop(), LEASE);
      this.#running.set(id, { process, lease });
      return packOutcome(await process.outcome);
    } catch (error) {
      return { type: 'failed', failure: failureOf(error, 'run the job') };
    } finally {
      clearTimeout(this.#running.get(id)?.lease);
      this.#running.delete(id);
    }
  }
}

function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
