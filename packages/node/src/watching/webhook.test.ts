import { appendFile, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, expect, onTestFinished, test } from 'vitest';
import { Webhook, type WebhookOptions } from './webhook.ts';

let log: string;
beforeEach(async () => {
  const folder = await mkdtemp(join(tmpdir(), 'bigrid-webhook-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  log = join(folder, 'log.jsonl');
  await writeFile(log, '{"n":0}\n');
});

const { signal } = new AbortController();
const add = async (webhook: Webhook, n: number) => {
  await appendFile(log, `{"n":${n}}\n`);
  await webhook.notify(signal);
};

/** A receiver that answers as told: by a status, or not at all. */
async function receive(
  answer: (n: number, attempt: number, response: ServerResponse) => number | 'never',
) {
  const bodies: string[] = [];
  const taken: { n: number; key: string }[] = [];
  const server = createServer((request, response) => {
    let body = '';
    request.on('data', (text) => {
      body += text;
    });
    request.on('end', () => {
      const { n } = JSON.parse(body);
      bodies.push(body);
      const status = answer(n, bodies.filter((other) => other === body).length, response);
      if (status === 'never') return;
      if (status < 300) taken.push({ n, key: String(request.headers['idempotency-key']) });
      response.writeHead(status, { Location: '/elsewhere' }).end('x'.repeat(100));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.close();
    server.closeAllConnections();
  });
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/secret`;
  return { url, bodies, taken };
}

function begin(url: string, options: WebhookOptions = {}): Promise<Webhook> {
  return Webhook.start(log, url, { firstPause: 10, ...options });
}

test('what comes after the start is sent in order, what was there before is not', async () => {
  const { url, taken } = await receive(() => 200);
  const webhook = await begin(url);
  for (let n = 1; n <= 20; n++) await add(webhook, n);
  await webhook.stop();
  expect(taken.map(({ n }) => n)).toEqual(Array.from({ length: 20 }, (_, i) => i + 1));
  expect(await webhook.waiting()).toBe(0);
});

test.each([500, 503, 429, 408])('%i is tried again with the same key', async (status) => {
  const told: string[] = [];
  const { url, bodies, taken } = await receive((_n, attempt) => (attempt < 3 ? status : 204));
  const webhook = await begin(url, { onTrouble: (message) => told.push(message) });
  await add(webhook, 1);
  await expect.poll(() => taken.length).toBe(1);
  await webhook.stop();
  expect(bodies).toEqual(['{"n":1}', '{"n":1}', '{"n":1}']);
  expect(told).toEqual([
    expect.stringContaining(`does not accept results: status ${status}; retrying`),
    expect.stringContaining('accepts results again'),
  ]);
  // The address may hold a secret.
  expect(told.join()).not.toContain('secret');
});

test.each([400, 401, 404, 302])('%i is said, and the next line is sent', async (status) => {
  const told: string[] = [];
  const { url, bodies, taken } = await receive((n) => (n === 1 ? status : 200));
  const webhook = await begin(url, { onTrouble: (message) => told.push(message) });
  await add(webhook, 1);
  await add(webhook, 2);
  await webhook.stop();
  expect([bodies.length, taken.map(({ n }) => n)]).toEqual([2, [2]]);
  expect(told).toEqual([expect.stringContaining(`rejected a result: status ${status}`)]);
});

test('no answer, and nobody there, are tried again', async () => {
  const { url, taken } = await receive((_n, attempt) => (attempt === 1 ? 'never' : 200));
  const webhook = await begin(url, { timeout: 100 });
  await add(webhook, 1);
  await expect.poll(() => taken.length).toBe(1);
  await webhook.stop();
  const told: string[] = [];
  const nobody = await begin('http://127.0.0.1:9/', { onTrouble: (text) => told.push(text) });
  await add(nobody, 2);
  await expect.poll(() => told.join()).toMatch(/does not accept results: .+; retrying/);
  await nobody.stop();
  expect(await nobody.waiting()).toBe('{"n":2}\n'.length);
  // The next one sends what this one could not.
  const next = await begin(url, { timeout: 100 });
  await next.notify(signal);
  await expect.poll(() => taken.map(({ n }) => n)).toEqual([1, 2]);
  await next.stop();
});

test('a line that is sent twice, after a kill before the note of it, has the same key', async () => {
  const { url, taken } = await receive(() => 200);
  const note = `${log}.sent`;
  const webhook = await begin(url);
  const before = await readFile(note, 'utf8');
  await add(webhook, 1);
  await webhook.stop();
  await writeFile(note, before);
  const next = await begin(url);
  await next.stop();
  expect(taken.map(({ n }) => n)).toEqual([1, 1]);
  expect(taken[0]?.key).toMatch(/^[0-9a-f]{32}$/);
  expect(taken[0]?.key).toBe(taken[1]?.key);
});

test('a note that is no longer about this log starts at its end', async () => {
  const { url, taken } = await receive(() => 200);
  for (const note of ['', '9999', 'x', '-1']) {
    await writeFile(`${log}.sent`, note);
    const webhook = await begin(url);
    await webhook.stop();
  }
  expect(taken).toEqual([]);
});

test.each(['ftp://x/', 'nowhere', 'http://me:word@x/'])('%s is no address', async (url) => {
  const refused = begin(url);
  await expect(refused).rejects.toMatchObject({ code: 'OPTION_INVALID' });
  await expect(refused).rejects.not.toMatchObject({ message: expect.stringContaining('word@') });
});
