import { availableParallelism } from 'node:os';
import { fail } from '@bigrid/errors';
import type { ServerOptions } from './options.ts';
import type { SharedStore } from './services/unused-files.ts';
import { DetectorPools } from './workers/detector-pools.ts';
import type { Detectors } from './workers/detectors.ts';
import { LocalJobs } from './workers/job-process.ts';
import type { JobRunner } from './workers/job-runner.ts';
import type { DetectorFiles } from './workers/messages.ts';

/** What does the work of a server. */
interface Machines {
  readonly runner: JobRunner;
  /** @param needed the models that are to stay loaded */
  createDetectors(needed: () => readonly DetectorFiles[]): Detectors;
  /** Where the files of workers are, unless they share the data folder. */
  readonly store: SharedStore | undefined;
}

/**
 * Opens what does the work: this machine or, with a queue, the workers.
 * @param opened receives what has to be closed
 * @param onError is called when the queue or the store is lost
 * @throws OPTION_INVALID, QUEUE_UNAVAILABLE, S3_MISSING, S3_UNAVAILABLE, OUTPUT_UNWRITABLE
 */
export async function openMachines(
  options: ServerOptions,
  opened: (() => unknown)[],
  onError: (error: unknown) => void,
): Promise<Machines> {
  const {
    data,
    queue,
    store: address,
    jobs,
    maxWaiting,
    processes = availableParallelism(),
  } = options;
  const inspections = { processes, maxWaiting, timeout: 1000 * options.timeout };
  if (queue === undefined) {
    if (address !== undefined) {
      fail('OPTION_INVALID', 'Expected `queue` with `store` but received none', {
        remedy:
          'The store is for workers, which --queue gives work; the server keeps its own files in --data.',
      });
    }
    return {
      store: undefined,
      runner: new LocalJobs(jobs),
      createDetectors: (needed) => new DetectorPools(inspections, needed),
    };
  }
  // A server without a queue starts sooner.
  const { RedisConnection } = await import('./redis/connection.ts');
  const { createFolderId } = await import('./redis/shared-folder.ts');
  const { QueuedDetectors } = await import('./redis/queued-detectors.ts');
  const { QueuedJobs } = await import('./redis/queued-jobs.ts');
  const { ServerStore } = await import('./redis/server-store.ts');
  const folderId = await createFolderId(data);
  const connection = await RedisConnection.open(queue, onError);
  opened.push(() => connection.close());
  const store =
    address === undefined ? undefined : await ServerStore.open(address, data, folderId, onError);
  opened.push(() => store?.close());
  const runner = await QueuedJobs.open(data, folderId, connection, store);
  opened.push(() => runner.close());
  const detectors = await QueuedDetectors.open(data, folderId, connection, {
    ...inspections,
    store,
  });
  return { runner, createDetectors: () => detectors, store };
}
