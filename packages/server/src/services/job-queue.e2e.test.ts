import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterEach, describe, expect, it } from 'vitest';
import { bin } from '../../../cli/testing/command-line.ts';
import type { ReceivedEvent } from '../../testing/events.ts';
import { createProject, ended, eventsOf, follow, tiny } from '../../testing/jobs.ts';
import { json, startServer, type TestServer, tinyModel, useFolder } from '../../testing/server.ts';

const at = useFolder();
let server: TestServer | undefined;
afterEach(() => server?.close());

/** Long enough to be killed in the middle, with a checkpoint after each step. */
const options = { ...tiny, epochs: 8, checkpointSeconds: 0 };
const request = { kind: 'train', project: 'parts', options };

/** Models that such a training fits before its own, one after the other. */
const FOLDS = 3;

/** Ids of the job processes of a data folder, which its path in their arguments tells. */
function workers(data: string): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .filter((pid) => {
      try {
        const words = readFileSync(`/proc/${pid}/cmdline`, 'utf8');
        return words.includes('job-worker') && words.includes(data);
      } catch {
        // It has just ended.
        return false;
      }
    })
    .map(Number);
}

/** Resolves in the middle of training, once the first fold is done. @returns the last event */
async function untilLearning(server: TestServer, job: number): Promise<ReceivedEvent> {
  for await (const event of follow(server, job)) {
    const { phase, done, total } = event.data;
    if (phase === 'cross-fitting' && done > total / FOLDS) return event;
  }
  throw new Error('It ended before it was killed');
}

/** Expects that a training went on from its checkpoint: images are not read again, nor is the first fold. */
async function expectResumed(server: TestServer, job: number, last: ReceivedEvent) {
  const events = (await eventsOf(server, job, last.id)).filter(({ type }) => type === 'progress');
  const reading = events.find(({ data }) => data.phase === 'reading');
  expect(reading?.data.done).toBe(reading?.data.total);
  // It reports 0 before it knows where it is.
  const learning = events.find(({ data }) => data.phase === last.data.phase && data.done > 0);
  expect(learning?.data.done).toBeGreaterThanOrEqual(last.data.total / FOLDS);
}

describe.runIf(process.platform === 'linux')('JobQueue', { timeout: 180_000 }, () => {
  it('resumes a training whose process is killed', async () => {
    server = await startServer(at('job'));
    await createProject(server, 'parts');
    const { body } = await json(server, 'POST', '/v1/jobs', request);
    const last = await untilLearning(server, body.id);
    const killed = workers(at('job'));
    expect(killed).toHaveLength(1);
    process.kill(killed[0] as number, 'SIGKILL');

    await expectResumed(server, body.id, last);
    const job = await ended(server, body.id);
    expect(job).toMatchObject({ state: 'done', result: { version: 1 } });
    const states = (await eventsOf(server, body.id)).filter(({ type }) => type === 'state');
    const expected = ['queued', 'running', 'queued', 'running', 'done'];
    expect(states.map(({ data }) => data.state)).toEqual(expected);
  });

  it('resumes a training when the server is killed and started again', async () => {
    const data = at('server');
    const killed = await otherServer(data);
    await createProject(killed.server, 'parts');
    const { body } = await json(killed.server, 'POST', '/v1/jobs', request);
    const last = await untilLearning(killed.server, body.id);
    killed.child.kill('SIGKILL');
    await once(killed.child, 'close');

    server = await startServer(data);
    await expectResumed(server, body.id, last);
    expect(await ended(server, body.id)).toMatchObject({ state: 'done' });
    expect((await json(server, 'GET', '/v1/models/parts')).body).toHaveLength(1);
    expect(workers(data)).toEqual([]);
  });

  it('leaves a job queued when the server stops, and gives up one that always ends early', async () => {
    const data = at('tries');
    server = await startServer(data);
    await createProject(server, 'parts');
    const { body } = await json(server, 'POST', '/v1/jobs', request);
    await untilLearning(server, body.id);
    await server.close();
    expect(workers(data)).toEqual([]);

    server = await startServer(data);
    const killing = setInterval(() => {
      for (const pid of workers(data)) process.kill(pid, 'SIGKILL');
    }, 20);
    const job = await ended(server, body.id).finally(() => clearInterval(killing));
    expect(job).toMatchObject({ state: 'failed', error: { code: 'WORKER_LOST' } });

    await json(server, 'POST', `/v1/jobs/${body.id}/retry`);
    expect(await ended(server, body.id)).toMatchObject({ state: 'done', error: null });
  });
});

it('takes a result that was written before the server stopped, once', {
  timeout: 180_000,
}, async () => {
  const data = at('result');
  server = await startServer(data);
  await createProject(server, 'parts');
  const { body } = await json(server, 'POST', '/v1/jobs', request);
  for await (const { type } of follow(server, body.id)) if (type === 'progress') break;
  await server.close();

  const folder = join(data, 'jobs', String(body.id));
  await writeFile(join(folder, 'model.onnx'), await tinyModel());
  await writeFile(join(folder, 'result.json'), '{"training":"as written"}');
  for (const _ of [1, 2]) {
    server = await startServer(data);
    expect(await ended(server, body.id)).toMatchObject({
      state: 'done',
      result: { model: 'parts', version: 1, training: 'as written' },
    });
    expect((await json(server, 'GET', '/v1/models/parts')).body).toHaveLength(1);
    await server.close();
  }
});

/** A server in a process of its own. */
async function otherServer(
  data: string,
): Promise<{ readonly child: ChildProcess; readonly server: TestServer }> {
  const words = [
    'serve',
    '--data',
    data,
    '--port',
    '0',
    '--processes',
    '1',
    '--log-level',
    'error',
  ];
  const child = spawn(process.execPath, [bin, ...words], { stdio: ['ignore', 'pipe', 'inherit'] });
  for await (const line of createInterface(child.stdout)) {
    const [, url] = /Listening on (\S+)/.exec(line) ?? [];
    if (url === undefined) continue;
    const send: TestServer['send'] = (method, path, body, headers) => {
      const isJson = body !== undefined && !(body instanceof Uint8Array);
      return fetch(`${url}${path}`, {
        method,
        ...(body !== undefined && { body: isJson ? JSON.stringify(body) : Buffer.from(body) }),
        headers: { ...(isJson && { 'content-type': 'application/json' }), ...headers },
      });
    };
    return { child, server: { url, data, send, firstKey: undefined, close: async () => {} } };
  }
  throw new Error('The server did not start');
}
