import { realpath } from 'node:fs/promises';
import { failToRead } from '@bigrid/node/internal';
import { createLogger } from './logger.ts';
import type { WorkerOptions } from './options.ts';

/** A worker that takes jobs. */
export interface RunningWorker {
  /** Stops its jobs, which other workers resume, and ends. */
  close(): Promise<void>;
}

/**
 * Starts a worker: takes the jobs of a server from Redis, and does them on this machine.
 * @throws PATH_MISSING if the data folder is not that of a server with a queue; QUEUE_UNAVAILABLE
 */
export async function work(options: WorkerOptions): Promise<RunningWorker> {
  const { RedisConnection } = await import('./redis/connection.ts');
  const { folderIdOf } = await import('./redis/data-folder.ts');
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
  const jobs = await WorkerJobs.open(data, folderId, connection, options.jobs);
  return {
    async close() {
      await jobs.close();
      connection.close();
    },
  };
}
