import { availableParallelism } from 'node:os';
import { createLogger } from './logger.ts';
import type { WorkerOptions } from './options.ts';
import type { WorkerFiles } from './redis/worker-files.ts';

/** A worker that takes jobs and images. */
export interface RunningWorker {
  /** Stops its jobs, which other workers resume, finishes its inspections, and ends. */
  close(): Promise<void>;
}

/**
 * Starts a worker: takes jobs and images of a server from Redis, and does them on this machine.
 * @throws PATH_MISSING if the data folder or the store is not that of a server with a queue; QUEUE_UNAVAILABLE, S3_MISSING,
 * S3_UNAVAILABLE, IN_USE, OUTPUT_UNWRITABLE
 */
export async function work(options: WorkerOptions): Promise<RunningWorker> {
  const { RedisConnection } = await import('./redis/connection.ts');
  const { WorkerInspections } = await import('./redis/worker-inspections.ts');
  const { WorkerJobs } = await import('./redis/worker-jobs.ts');
  const logger = createLogger(options.logLevel);
  const onLost = (error: Error) => logger.error({ err: error }, error.message);
  const files = await openFiles(options, onLost);
  const connection = await RedisConnection.open(options.queue, onLost);
  const { processes = availableParallelism(), timeout } = options;
  const inspections = await WorkerInspections.open(files, connection, {
    processes,
    timeout: 1000 * timeout,
  });
  const jobs = await WorkerJobs.open(files, connection, options.jobs);
  return {
    async close() {
      await Promise.all([jobs.close(), inspections.close()]);
      connection.close();
      await files.close();
    },
  };
}

async function openFiles(
  { store, data, cacheLimit }: WorkerOptions,
  onLost: (error: Error) => void,
): Promise<WorkerFiles> {
  if (store === undefined) {
    const { SharedFolder } = await import('./redis/shared-folder.ts');
    return SharedFolder.open(data);
  }
  const { WorkerStore } = await import('./redis/worker-store.ts');
  return WorkerStore.open({ store, data, cacheLimit, onLost });
}
