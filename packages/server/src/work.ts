import { realpath } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { failToRead } from '@bigrid/node/internal';
import { createLogger } from './logger.ts';
import type { WorkerOptions } from './options.ts';

/** A worker that takes jobs and images. */
export interface RunningWorker {
  /** Stops its jobs, which other workers resume, finishes its inspections, and ends. */
  close(): Promise<void>;
}

/**
 * Starts a worker: takes jobs and images of a server from Redis, and does them on this machine.
 * @throws PATH_MISSING if the data folder is not that of a server with a queue; QUEUE_UNAVAILABLE
 */
export async function work(options: WorkerOptions): Promise<RunningWorker> {
  const { RedisConnection } = await import('./redis/connection.ts');
  const { folderIdOf } = await import('./redis/data-folder.ts');
  const { WorkerInspections } = await import('./redis/worker-inspections.ts');
  const { WorkerJobs } = await import('./redis/worker-jobs.ts');
  const logger = createLogger(options.logLevel);
  // Under one name for all workers of this machine, so that a job folder has one process at a time.
  const data = await realpath(options.data).catch((error: unknown) =>
    failToRead(options.data, 'a folder', error),
  );
  const folderId = await folderIdOf(data);
  const connection = await RedisConnection.open(options.queue, (error) =>
    logger.error({ err: error }, error.message),
  );
  const { processes = availableParallelism(), timeout } = options;
  const inspections = await WorkerInspections.open(data, folderId, connection, {
    processes,
    timeout: 1000 * timeout,
  });
  const jobs = await WorkerJobs.open(data, folderId, connection, options.jobs);
  return {
    async close() {
      await Promise.all([jobs.close(), inspections.close()]);
      connection.close();
    },
  };
}
