import { setTimeout } from 'node:timers/promises';
import type { QueueOptions, WorkerOptions } from 'bullmq';
import type { Redis } from 'ioredis';
import type { RedisConnection } from './connection.ts';

/** Milliseconds after which a worker that is silent has lost its work. */
export const LEASE = 10_000;
/** Milliseconds between looks for work that was lost. */
export const CHECK_EVERY = 3000;

/** Milliseconds that Redis, if it is away, gets to be told how work ended. */
const GRACE = 5000;

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

/** Closes a part of BullMQ, a worker once what it has is done, and waits for Redis only for a while if that is away. */
export async function closePart(
  part: { close(): Promise<void> },
  connection: RedisConnection,
): Promise<void> {
  const closed = part.close().then(() => true);
  while (!(await Promise.race([closed, setTimeout(GRACE, false, { ref: false })]))) {
    // What a worker could not say, the others learn from its lease.
    if (!connection.isReachable) return;
  }
}
