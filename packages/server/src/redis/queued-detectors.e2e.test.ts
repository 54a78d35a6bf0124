import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { hasRedis, startWorker, TestRedis, whyNot } from '../../testing/redis.ts';
import {
  imageBytes,
  json,
  startServer,
  type TestServer,
  tinyModel,
  useFolder,
} from '../../testing/server.ts';

const at = useFolder();
const MOST_WAITING = 40;
let redis: TestRedis;
let server: TestServer;
let image: Buffer;
const workers: ChildProcess[] = [];

beforeAll(async () => {
  if (!hasRedis) return;
  redis = await TestRedis.start(at());
  image = await imageBytes(100, true);
  server = await startServer(at('data'), { queue: redis.url, maxWaiting: MOST_WAITING });
  const added = await server.send('POST', '/v1/models/part/versions', await tinyModel());
  expect(added.status).toBe(201);
});

afterAll(async () => {
  await server?.close();
  await Promise.all(workers.map((worker) => kill(worker)));
  await redis?.stop();
});

async function kill(worker: ChildProcess): Promise<void> {
  if (worker.exitCode !== null || worker.signalCode !== null) return;
  worker.kill('SIGKILL');
  await once(worker, 'exit');
}

const inspect = (headers: Record<string, string> = {}) =>
  server.send('POST', '/v1/models/part/inspect', image, headers);

async function readiness(): Promise<number> {
  return (await server.send('GET', '/health/ready')).status;
}

/** Inspections that the server has counted. */
async function counted(): Promise<number> {
  const text = await (await server.send('GET', '/metrics')).text();
  const counts = [...text.matchAll(/^bigrid_inspections_total\{.*\} (\d+)$/gm)];
  return counts.reduce((sum, [, count]) => sum + Number(count), 0);
}

describe.runIf(hasRedis)(`QueuedDetectors${whyNot}`, { timeout: 120_000 }, () => {
  it('refuses images while there are no workers, and says so', async () => {
    expect(await readiness()).toBe(503);
    const response = await inspect();
    expect([response.status, response.headers.get('retry-after')]).toEqual([503, '1']);
    expect(await response.json()).toMatchObject({
      code: 'SERVER_BUSY',
      remedy: expect.stringContaining('bigrid worker'),
    });
  });

  it('answers with what was asked for, and with the errors of images', async () => {
    for (let i = 0; i < 3; i++) workers.push(await startWorker(at('data'), redis.url));
    await expect.poll(() => readiness()).toBe(200);
    expect(await (await inspect()).json()).toMatchObject({ model: 'part', width: 64 });
    const map = await inspect({ accept: 'application/x-npy' });
    expect(Buffer.from(await map.arrayBuffer()).toString('latin1', 1, 6)).toBe('NUMPY');
    const heatMap = await inspect({ accept: 'image/png' });
    expect(heatMap.headers.get('content-type')).toBe('image/png');
    const broken = await json(server, 'POST', '/v1/models/part/inspect', Buffer.from('no image'));
    expect([broken.status, broken.body.code]).toEqual([422, 'IMAGE_UNREADABLE']);
  });

  it('answers each request once when one of three workers is killed', async () => {
    const before = await counted();
    let answered = 0;
    const sending = Array.from({ length: MOST_WAITING }, async () => {
      const response = await inspect();
      answered++;
      const { score } = (await response.json()) as { score?: number };
      return { status: response.status, score };
    });
    await expect.poll(() => answered, { interval: 1 }).toBeGreaterThan(3);
    expect(answered).toBeLessThan(MOST_WAITING);
    await kill(workers.pop() as ChildProcess);
    const answers = await Promise.all(sending);
    expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 200));
    expect(new Set(answers.map(({ score }) => score)).size).toBe(1);
    expect(await counted()).toBe(before + MOST_WAITING);
  });

  it('refuses what exceeds its queue, and forgets what is cancelled', async () => {
    const gone = new AbortController();
    const url = `${server.url}/v1/models/part/inspect`;
    const body = Buffer.from(image);
    const sent = Array.from({ length: 3 * MOST_WAITING }, () =>
      fetch(url, { method: 'POST', body, signal: gone.signal }),
    );
    const refused = await Promise.any(
      sent.map(async (response) => {
        const { status } = await response;
        if (status !== 503) throw new Error(`It was answered with ${status}`);
        return status;
      }),
    );
    expect(refused).toBe(503);
    gone.abort();
    await Promise.allSettled(sent);
    const waiting = async () =>
      /^bigrid_inspections_waiting (\d+)$/m.exec(
        await (await server.send('GET', '/metrics')).text(),
      )?.[1];
    await expect.poll(waiting).toBe('0');
    expect((await inspect()).status).toBe(200);
  });

  it('refuses images while Redis is away, and inspects again once it is back', async () => {
    await redis.stop();
    await expect.poll(() => readiness()).toBe(503);
    const { status, body } = await json(server, 'POST', '/v1/models/part/inspect', image);
    expect([status, body.code]).toEqual([503, 'QUEUE_UNAVAILABLE']);
    expect(body.error).not.toContain('pass-word');
    await redis.start();
    await expect.poll(() => readiness()).toBe(200);
    expect((await inspect()).status).toBe(200);
  });

  it('stops while Redis is away, and so do workers', async () => {
    await redis.stop();
    const [worker] = workers;
    worker?.kill('SIGTERM');
    await Promise.all([worker && once(worker, 'exit'), server.close()]);
    expect(worker?.exitCode).toBe(0);
  });
});
