import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { Redis } from 'ioredis';
import { bin } from '../../cli/testing/command-line.ts';
import { freePort } from './free-port.ts';
import { isInstalled } from './streams.ts';

export const hasRedis = isInstalled('redis-server', '--version');
export const whyNot = hasRedis ? '' : ' (skipped: redis-server is not installed)';

/** A Redis of its own, which can be stopped and started again with what it had. */
export class TestRedis {
  readonly url: string;
  readonly #port: number;
  readonly #folder: string;
  #child: ChildProcess | undefined;

  private constructor(port: number, folder: string) {
    this.#port = port;
    this.#folder = folder;
    this.url = `redis://:pass-word@127.0.0.1:${port}`;
  }

  static async start(folder: string): Promise<TestRedis> {
    const redis = new TestRedis(await freePort(), await mkdtemp(join(folder, 'redis-')));
    await redis.start();
    return redis;
  }

  async start(): Promise<void> {
    const words = ['--port', String(this.#port), '--bind', '127.0.0.1', '--dir', this.#folder];
    this.#child = spawn(
      'redis-server',
      [...words, '--requirepass', 'pass-word', '--appendonly', 'yes'],
      { stdio: 'ignore' },
    );
    const client = new Redis(this.url, { maxRetriesPerRequest: null });
    client.on('error', () => {});
    await client.ping();
    client.disconnect();
  }

  /** Forgets everything. */
  async flush(): Promise<void> {
    const client = new Redis(this.url);
    await client.flushall();
    client.disconnect();
  }

  async stop(): Promise<void> {
    const child = this.#child;
    if (!child || child.exitCode !== null) return;
    child.kill();
    await once(child, 'exit');
  }
}

/** Starts a worker in a process of its own, and waits until it takes jobs. */
export async function startWorker(
  data: string,
  url: string,
  ...flags: string[]
): Promise<ChildProcess> {
  const words = ['worker', '--data', data, '--queue', url, '--log-level', 'silent', ...flags];
  const child = spawn(process.execPath, [bin, ...words], { stdio: ['ignore', 'pipe', 'ignore'] });
  for await (const line of createInterface(child.stdout)) {
    if (line.startsWith('Taking')) return child;
  }
  throw new Error('The worker did not start');
}
