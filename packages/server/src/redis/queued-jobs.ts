import { setTimeout } from 'node:timers/promises';
import { isBigridError } from '@bigrid/errors';
import { Queue, QueueEvents } from 'bullmq';
import { errorOf, failureOf } from '../workers/failures.ts';
import type { JobReport, JobTask } from '../workers/job-messages.ts';
import type { JobOutcome, JobRun, JobRunner, JobWatcher } from '../workers/job-runner.ts';
import type { RedisConnection } from './connection.ts';
import { packTask, unpackOutcome, unpackReport } from './job-messages.ts';
import { closePart, queueOf } from './queue.ts';
import type { RunFiles, ServerStore } from './server-store.ts';

/** Milliseconds between looks at what became of the runs: events may have been missed, and Redis may have lost its data. */
const LOOK_EVERY = 5000;
/** Milliseconds between requests to stop, which a worker may miss. */
const ASK_EVERY = 1000;
/** Seconds for which Redis keeps what came of a run, for a server that is down meanwhile. */
const KEPT_FOR = 7 * 24 * 3600;

interface Waiting {
  readonly task: object;
  readonly watcher: JobWatcher;
  /** What workers do not have in a folder that they share. */
  readonly files: RunFiles | undefined;
  readonly ended: PromiseWithResolvers<JobOutcome>;
}

/**
 * Runs jobs on workers, which take them from Redis. Redis only carries them: the database of the server stays what says
 * which jobs there are, and their folders have their results, if need be through a bucket.
 */
export class QueuedJobs implements JobRunner {
  readonly atOnce = Number.POSITIVE_INFINITY;
  readonly outlivesServer = true;
  readonly #data: string;
  readonly #store: ServerStore | undefined;
  readonly #connection: RedisConnection;
  /** Channel of the names of runs that are to stop. */
  readonly #stops: string;
  readonly #queue: Queue;
  readonly #events: QueueEvents;
  readonly #runs = new Map<string, Waiting>();
  readonly #closed = new AbortController();

  private constructor(
    data: string,
    folderId: string,
    connection: RedisConnection,
    store: ServerStore | undefined,
  ) {
    const { name, options, key } = queueOf(folderId, 'jobs', connection.client);
    this.#data = data;
    this.#store = store;
    this.#connection = connection;
    this.#stops = key('stops');
    this.#queue = new Queue(name, options);
    this.#events = new QueueEvents(name, options);
    this.#queue.on('error', connection.report);
    this.#events
      .on('error', connection.report)
      .on('active', ({ jobId }) => this.#runs.get(jobId)?.watcher.begun())
      .on('progress', ({ jobId, data: received }) => {
        const report = unpackReport(received);
        if (report) void this.#report(jobId, report);
      })
      .on('completed', ({ jobId, returnvalue }) => this.#finish(jobId, unpackOutcome(returnvalue)))
      .on('failed', ({ jobId }) => this.#finish(jobId, { type: 'ended' }));
  }

  /** @param store unless the workers share the data folder */
  static async open(
    data: string,
    folderId: string,
    connection: RedisConnection,
    store: ServerStore | undefined,
  ): Promise<QueuedJobs> {
    const jobs = new QueuedJobs(data, folderId, connection, store);
    await jobs.#events.waitUntilReady();
    void jobs.#lookRepeatedly();
    return jobs;
  }

  get isReachable(): boolean {
    return this.#connection.isReachable;
  }

  start(run: string, task: JobTask, watcher: JobWatcher): JobRun {
    const ended = Promise.withResolvers<JobOutcome>();
    const files = this.#store?.filesOf(run, task);
    this.#runs.set(run, { task: packTask(this.#data, task), watcher, files, ended });
    this.#look(run).catch(() => {});
    return {
      outcome: ended.promise,
      stop: () => this.#stop(run, ended.promise),
      leave: async () => this.#end(run, { type: 'left' }),
    };
  }

  async close(): Promise<void> {
    this.#closed.abort();
    await closePart(this.#events, this.#connection);
    await closePart(this.#queue, this.#connection);
  }

  async #stop(run: string, ended: Promise<unknown>): Promise<void> {
    this.#connection.assertReachable();
    const ask = async () => {
      // Removed, unless a worker has it.
      if (await this.#queue.remove(run)) this.#end(run, { type: 'stopped' });
      else await this.#connection.client.publish(this.#stops, run);
    };
    const asking = setInterval(() => ask().catch(() => {}), ASK_EVERY);
    await ask().catch(() => {});
    await ended;
    clearInterval(asking);
  }

  /** Queues a run once workers can get its files. */
  async #add(run: string, { task, files }: Waiting): Promise<void> {
    try {
      await files?.offer();
    } catch (error) {
      return this.#endUnlessAway(run, error);
    }
    // It may have been stopped meanwhile.
    if (!this.#runs.has(run)) return;
    await this.#queue.add('run', task, {
      jobId: run,
      removeOnComplete: { age: KEPT_FOR },
      removeOnFail: { age: KEPT_FOR },
    });
  }

  async #report(run: string, report: JobReport): Promise<void> {
    const waiting = this.#runs.get(run);
    // Its maps are shown at once.
    if (report.type === 'preview') await waiting?.files?.collect().catch(() => {});
    waiting?.watcher.report(report);
  }

  /** Ends a run once what came of it is here. If that fails, the next look tries again. */
  async #finish(run: string, outcome: JobOutcome): Promise<void> {
    try {
      await this.#runs.get(run)?.files?.collect();
      this.#end(run, outcome);
    } catch (error) {
      this.#endUnlessAway(run, error);
    }
  }

  /** The bucket comes back; other errors would repeat themselves. */
  #endUnlessAway(run: string, error: unknown): void {
    if (isBigridError(error, 'S3_UNAVAILABLE')) return;
    const failure = failureOf(error, 'exchange the files of the job');
    this.#end(run, { type: 'failed', error: errorOf(failure) });
  }

  #end(run: string, outcome: JobOutcome): void {
    this.#runs.get(run)?.ended.resolve(outcome);
    this.#runs.delete(run);
  }

  async #lookRepeatedly(): Promise<void> {
    const { signal } = this.#closed;
    while (!signal.aborted) {
      for (const run of [...this.#runs.keys()]) await this.#look(run).catch(() => {});
      await setTimeout(LOOK_EVERY, undefined, { signal }).catch(() => {});
    }
  }

  /** Queues a run that Redis does not have, and takes note of what became of one that it has. */
  async #look(run: string): Promise<void> {
    const state = await this.#queue.getJobState(run);
    const waiting = this.#runs.get(run);
    if (!waiting) return;
    switch (state) {
      case 'unknown':
        return this.#add(run, waiting);
      case 'active':
        waiting.watcher.begun();
        return waiting.files?.collect();
      case 'completed':
        return this.#finish(run, unpackOutcome((await this.#queue.getJob(run))?.returnvalue));
      case 'failed':
        return this.#finish(run, { type: 'ended' });
    }
  }
}
