import { fail } from '@bigrid/errors';
import { type Job, Worker } from 'bullmq';
import { DetectorPools } from '../workers/detector-pools.ts';
import { failureOf } from '../workers/failures.ts';
import type { DetectorFiles, InspectionResult, InspectionTask } from '../workers/messages.ts';
import type { RedisConnection } from './connection.ts';
import { type Answer, get, put } from './inspection-messages.ts';
import { CHECK_EVERY, closePart, LEASE, queueOf } from './queue.ts';
import type { WorkerFiles } from './worker-files.ts';

interface WorkerInspectionsOptions {
  /** Processes per model at most. */
  readonly processes: number;
  /** Milliseconds that an inspection may take. */
  readonly timeout: number;
}

/** Takes images from Redis and inspects them here. */
export class WorkerInspections {
  readonly #files: WorkerFiles;
  readonly #connection: RedisConnection;
  readonly #key: (...parts: string[]) => string;
  readonly #pools: DetectorPools;
  readonly #worker: Worker;

  private constructor(
    files: WorkerFiles,
    connection: RedisConnection,
    { processes, timeout }: WorkerInspectionsOptions,
  ) {
    const { name, options, key } = queueOf(files.folderId, 'inspections', connection.client);
    // While a process inspects one image, the next is decoded.
    const concurrency = 2 * processes;
    this.#files = files;
    this.#connection = connection;
    this.#key = key;
    // No model stays that is not used: any worker may get the next image.
    this.#pools = new DetectorPools({ processes, timeout, maxWaiting: concurrency }, () => []);
    this.#worker = new Worker(name, (job) => this.#run(job), {
      ...options,
      ...{ concurrency, lockDuration: LEASE, stalledInterval: CHECK_EVERY },
      // An image whose worker was lost is tried once more: it may have been another's fault.
      maxStalledCount: 1,
    });
    this.#worker.on('error', connection.report);
  }

  static async open(
    files: WorkerFiles,
    connection: RedisConnection,
    options: WorkerInspectionsOptions,
  ): Promise<WorkerInspections> {
    const inspections = new WorkerInspections(files, connection, options);
    await inspections.#worker.waitUntilReady();
    return inspections;
  }

  /** Answers what it has taken, and ends its processes. */
  async close(): Promise<void> {
    await closePart(this.#worker, this.#connection);
    await this.#pools.dispose();
  }

  async #run(job: Job): Promise<void> {
    const id = job.id as string;
    await put(this.#connection.client, this.#key('answer', id), await this.#answer(id, job.data));
  }

  async #answer(id: string, received: unknown): Promise<Answer> {
    try {
      const files = await this.#files.detector(received);
      const task =
        (await get<InspectionTask>(this.#connection.client, this.#key('task', id))) ??
        fail('CANCELLED', 'Expected an image but nobody waits for it any more');
      return { result: await this.#inspect(files, task) };
    } catch (error) {
      return { failure: failureOf(error, 'inspect an image') };
    }
  }

  async #inspect(files: DetectorFiles, task: InspectionTask): Promise<InspectionResult> {
    for (;;) {
      const pool = await this.#pools.open(files);
      // Unused for long, it may have been ended just now.
      if (!pool.isDisposed) return pool.inspect(task);
    }
  }
}
