import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { afterAll, beforeAll } from 'vitest';
import { tiny } from './jobs.ts';
import { hasRedis, startWorker, TestRedis, whyNot } from './redis.ts';
import { hasS3, TestS3, whyNoS3 } from './s3.ts';
import { json, startServer, type TestServer, useFolder } from './server.ts';

export const hasStore = hasRedis && hasS3;
export const whyNoStore = `${whyNot}${whyNoS3}`;

const store = 's3://parts/line-1';

/** A server for all tests of a file whose two workers have folders of their own, and share files through S3. */
export function useStore() {
  const at = useFolder();
  let redis: TestRedis;
  let s3: TestS3;
  let server: TestServer;
  const workers = new Map<string, ChildProcess>();

  beforeAll(async () => {
    if (!hasStore) return;
    [redis, s3] = await Promise.all([TestRedis.start(at()), TestS3.start()]);
    await startAgain();
    await Promise.all(['a', 'b'].map(addWorker));
  });
  afterAll(async () => {
    await server?.close();
    await Promise.all([...workers.keys()].map((name) => kill(name)));
    await Promise.all([redis?.stop(), s3?.stop()]);
  });

  async function startAgain(): Promise<void> {
    server = await startServer(at('data'), { queue: redis.url, store });
  }

  /** @param name of its folder */
  async function addWorker(name: string): Promise<void> {
    const flags = ['--store', store, '--processes', '1'];
    workers.set(name, await startWorker(at(name), redis.url, ...flags));
  }

  async function kill(name: string, signal: NodeJS.Signals = 'SIGKILL'): Promise<void> {
    const worker = workers.get(name);
    workers.delete(name);
    if (!worker || worker.exitCode !== null || worker.signalCode !== null) return;
    worker.kill(signal);
    await once(worker, 'exit');
  }

  async function queue(request: object): Promise<number> {
    return (await json(server, 'POST', '/v1/jobs', request)).body.id;
  }

  return {
    at,
    addWorker,
    kill,
    queue,
    /** The server, once it was closed. */
    startAgain,
    train: (project: string, options: object = {}) =>
      queue({ kind: 'train', project, options: { ...tiny, checkpointSeconds: 0, ...options } }),
    /** The name of the worker with a process. */
    workerOf: (pid: number) => [...workers].find(([, { pid: own }]) => own === pid)?.[0],
    /** What the bucket has of jobs. */
    keysOfJobs: async () => (await s3.keys()).filter((key) => key.includes('/jobs/')),
    get server() {
      return server;
    },
    get s3() {
      return s3;
    },
  };
}
