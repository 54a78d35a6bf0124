import { mkdir, writeFile } from 'node:fs/promises';
import { beforeAll, beforeEach, expect, it, onTestFinished, vi } from 'vitest';
import { imageBytes, json, startServer, type TestServer, useFolder } from '../../testing/server.ts';

const COUNT = 150;
const at = useFolder();
const folder = () => ({ folder: at('good') });

beforeAll(async () => {
  await mkdir(at('good'));
  for (let n = 0; n < COUNT; n++) await writeFile(at('good', `${n}.png`), await imageBytes(n));
});

let project: string;
let log: string;
beforeEach(({ task }) => {
  project = task.name.replaceAll(/\W/g, '-').slice(0, 20);
  log = '';
  const write = vi.spyOn(process.stderr, 'write').mockImplementation((text) => {
    log += text;
    return true;
  });
  onTestFinished(() => write.mockRestore());
});

async function start(): Promise<TestServer> {
  const server = await startServer(at('data'), { logLevel: 'error' });
  await json(server, 'POST', '/v1/projects', { name: project });
  return server;
}

async function total(server: TestServer): Promise<number> {
  const { body } = await json(server, 'GET', `/v1/projects/${project}/images?limit=1`);
  return body.total;
}

/** Waits for the first image of the project. */
async function begun(server: TestServer): Promise<void> {
  await expect.poll(() => total(server), { interval: 5 }).toBeGreaterThan(0);
}

/** @returns another server, and how many images the project has there */
async function restart(server: TestServer) {
  await server.close();
  const next = await start();
  onTestFinished(next.close);
  return { next, kept: await total(next) };
}

it('an import is answered when the server stops, and goes on when it is sent again', async () => {
  const server = await start();
  const answer = json(server, 'POST', `/v1/projects/${project}/import`, folder());
  await begun(server);
  const { next, kept } = await restart(server);
  const { status, body } = await answer;
  expect([status, body.code]).toEqual([503, 'SERVER_BUSY']);
  expect(body.error).toContain(`after ${kept} images`);
  expect(kept).toBeLessThan(COUNT);
  const again = await json(next, 'POST', `/v1/projects/${project}/import`, folder());
  expect(again.status).toBe(201);
  expect(again.body.images).toHaveLength(COUNT);
  expect(await total(next)).toBe(COUNT);
});

it('an import whose client hung up ends before the server does', async () => {
  const server = await start();
  const client = new AbortController();
  const answer = fetch(`${server.url}/v1/projects/${project}/import`, {
    method: 'POST',
    body: JSON.stringify(folder()),
    headers: { 'content-type': 'application/json' },
    signal: client.signal,
  });
  await begun(server);
  client.abort();
  await expect(answer).rejects.toThrow();
  const { kept } = await restart(server);
  expect(kept).toBeLessThan(COUNT);
  expect(log).not.toMatch(/database|ENGINE_FAILED/);
});

it('the sample is added as a whole, also for a client that hung up', async () => {
  const server = await start();
  const client = new AbortController();
  const answer = fetch(`${server.url}/v1/projects/${project}/sample`, {
    method: 'POST',
    signal: client.signal,
  });
  await begun(server);
  client.abort();
  await expect(answer).rejects.toThrow();
  const { next } = await restart(server);
  const { body } = await json(next, 'GET', `/v1/projects/${project}`);
  expect(body.images).toMatchObject({ training: 40, normal: 10, defects: expect.any(Number) });
  expect(body.images.defects).toBeGreaterThan(10);
  expect(log).not.toMatch(/database|ENGINE_FAILED/);
});
