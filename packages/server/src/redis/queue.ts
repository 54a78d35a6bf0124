import type { QueueOptions, WorkerOptions } from 'bullmq';
import type { Redis } from 'ioredis';

/** Milliseconds after which a worker that is silent has lost its work. */
export const LEASE = 10_000;
/** Milliseconds between looks for work that was lost. */
export const CHECK_EVERY = 3000;

/** The start of the names of all keys. */
const prefix = 'bigrid';

/** Where the work of one kind for a data folder is. */
export function queueOf(folderId: string, kind: 'jobs' | 'inspections', client: Redis) {
  const name = `${folderId}-${kind}`;
  return {
    name,
    options: { connection: client, prefix } satisfies QueueOptions & WorkerOptions,
    /** The name of a key or channel besides those of BullMQ. */
    key: (...parts: string[]) => [prefix, name, ...parts].join(':'),
  };
}
