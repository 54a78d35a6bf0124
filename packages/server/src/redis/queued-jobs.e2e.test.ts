import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { createProject, ended, eventsOf, follow, tiny } from '../../testing/jobs.ts';
import { hasRedis, startWorker, TestRedis, whyNot } from '../../testing/redis.ts';
import { json, maskBytes, startServer, type TestServer, useFolder } from '../../testing/server.ts';

const at = useFolder();
let redis: TestRedis;
let server: TestServer;
let workers: ChildProcess[] = [];

beforeAll(async () => {
  if (hasRedis) redis = await TestRedis.start(at());
});
afterAll(() => redis?.stop());

afterEach(async () => {
  await server?.close();
  await Promise.all(workers.map((worker) => kill(worker)));
  workers = [];
});

async function kill(worker: ChildProcess, signal: NodeJS.Signals = 'SIGKILL'): Promise<void> {
  if (worker.exitCode !== null || worker.signalCode !== null) return;
  worker.kill(signal);
  await once(worker, 'exit');
}

async function startAll(name: string, count: number): Promise<void> {
  server = await startServer(at(name), { queue: redis.url });
  for (let i = 0; i < count; i++) workers.push(await startWorker(at(name), redis.url));
}

/** Long enough to be killed in the middle, with a checkpoint after each step. */
const options = { ...tiny, epochs: 8, checkpointSeconds: 0 };

async function train(project: string, changes: object = {}): Promise<number> {
  const request = { kind: 'train', project, options: { ...options, ...changes } };
  return (await json(server, 'POST', '/v1/jobs', request)).body.id;
}

/** Resolves in the middle of training, once the first fold is done. @returns the worker, and the last event */
async function untilLearning(job: number, after?: number) {
  let worker: ChildProcess | undefined;
  for await (const { id, type, data } of follow(server, job, after)) {
    const [, pid] = (type === 'log' && /process (\d+)/.exec(data.message)) || [];
    if (pid) worker = workers.find((one) => one.pid === Number(pid));
    if (data.phase === 'cross-fitting' && data.done > data.total / 3 && worker) {
      return { worker, last: id };
    }
  }
  throw new Error('It ended before it was in the middle');
}

async function statesOf(job: number): Promise<string[]> {
  const events = await eventsOf(server, job);
  return events.filter(({ type }) => type === 'state').map(({ data }) => data.state);
}

/** Expects that a training went on from its checkpoint: images are not read again. */
async function expectResumed(job: number, last: number): Promise<void> {
  const events = await eventsOf(server, job, last);
  const reading = events.find(({ data }) => data.phase === 'reading');
  expect(reading?.data.done).toBe(reading?.data.total);
}

const versionsOf = async (model: string) =>
  (await json(server, 'GET', `/v1/models/${model}`)).body.length;

describe.runIf(hasRedis)(`QueuedJobs${whyNot}`, { timeout: 180_000 }, () => {
  it('loses nothing and counts nothing twice when one of three workers is killed', async () => {
    await startAll('killed', 3);
    const names = ['a', 'b', 'c', 'd'];
    const jobs: number[] = [];
    for (const name of names) {
      await createProject(server, name);
      jobs.push(await train(name, name === 'a' ? {} : { epochs: 1 }));
    }
    const { worker, last } = await untilLearning(jobs[0] as number);
    await kill(worker);
    await expectResumed(jobs[0] as number, last);
    for (const [i, job] of jobs.entries()) {
      expect(await ended(server, job)).toMatchObject({ state: 'done', result: { version: 1 } });
      expect(await versionsOf(names[i] as string)).toBe(1);
    }
    const states = ['queued', 'running', 'queued', 'running', 'done'];
    expect(await statesOf(jobs[0] as number)).toEqual(states);
  });

  it('takes back the job of a worker that stops, and cancels jobs that run and that wait', async () => {
    await startAll('stopped', 2);
    await createProject(server, 'a');
    const job = await train('a');
    const { worker, last } = await untilLearning(job);
    await kill(worker, 'SIGTERM');
    expect(worker.exitCode).toBe(0);
    const other = await untilLearning(job, last);
    expect(other.worker).not.toBe(worker);
    await expectResumedSoFar(job, last);

    const waiting = await train('a');
    for (const one of [waiting, job]) {
      const { body } = await json(server, 'POST', `/v1/jobs/${one}/cancel`);
      expect(body).toMatchObject({ state: 'cancelled' });
    }
    expect(await versionsOfNone('a')).toBe(404);
  });

  it('evaluates, under the rules of the version', async () => {
    await startAll('evaluated', 1);
    await createProject(server, 'a');
    await ended(server, await train('a', { epochs: 1 }));
    await json(server, 'PUT', '/v1/models/a/versions/1/settings', { threshold: '123456' });
    const { body: defects } = await json(server, 'GET', '/v1/projects/a/images?label=defect');
    for (const { id } of defects.images) {
      const path = `/v1/projects/a/images/${id}/ground-truth`;
      expect((await json(server, 'PUT', path, await maskBytes())).status).toBe(200);
    }
    const request = { kind: 'evaluate', project: 'a', model: 'a' };
    const { body } = await json(server, 'POST', '/v1/jobs', request);
    const result = { failed: [], withoutMask: 0 };
    expect(await ended(server, body.id)).toMatchObject({ state: 'done', result });
    const report = await server.send('GET', `/v1/jobs/${body.id}/report`);
    const page = await report.text();
    for (const text of ['a, version 1, on a', '123456']) expect(page).toContain(text);
  });

  it('goes on without the server, whose next process takes the result', async () => {
    await startAll('restarted', 1);
    await createProject(server, 'a');
    const job = await train('a');
    await untilLearning(job);
    await server.close();
    server = await startServer(at('restarted'), { queue: redis.url });
    expect(await ended(server, job)).toMatchObject({ state: 'done', result: { version: 1 } });
    expect(await statesOf(job)).toEqual(['queued', 'running', 'done']);
    expect(await versionsOf('a')).toBe(1);
  });

  it('goes on once Redis is back, even if Redis forgot everything', async () => {
    await startAll('away', 1);
    await createProject(server, 'a');
    const job = await train('a');
    await untilLearning(job);
    await redis.stop();
    await expect.poll(() => readiness()).toBe(503);
    const later = await train('a', { seed: 2 });
    const { status, body } = await json(server, 'POST', `/v1/jobs/${job}/cancel`);
    expect([status, body.code]).toEqual([503, 'QUEUE_UNAVAILABLE']);
    await redis.start();
    await redis.flush();
    await expect.poll(() => readiness()).toBe(200);
    const jobs = [await ended(server, job), await ended(server, later)];
    expect(jobs.map(({ state }) => state)).toEqual(['done', 'done']);
    // They may have changed their order.
    expect(jobs.map(({ result }) => result.version).sort()).toEqual([1, 2]);
    expect(await versionsOf('a')).toBe(2);
  });
});

async function readiness(): Promise<number> {
  return (await server.send('GET', '/health/ready')).status;
}

async function versionsOfNone(model: string): Promise<number> {
  return (await json(server, 'GET', `/v1/models/${model}`)).status;
}

/** As {@link expectResumed}, of a job that goes on. */
async function expectResumedSoFar(job: number, last: number): Promise<void> {
  for await (const { data } of follow(server, job, last)) {
    if (data.phase !== 'reading') continue;
    expect(data.done).toBe(data.total);
    return;
  }
}
