import { readdir, readFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { basename, join } from 'node:path';
import { beforeAll, expect, onTestFinished, test } from 'vitest';
import {
  imageBytes,
  trainTiny,
  useTemporaryFolder,
  write,
  writeImages,
} from '../../testing/command-line.ts';
import { names, pathsIn, startWatching, until } from '../../testing/watching.ts';

const at = useTemporaryFolder();
let model: string;

beforeAll(async () => {
  model = await trainTiny(at);
});

const watch = (dir: string, ...flags: string[]) => startWatching(model, dir, ...flags);

interface Receiver {
  readonly url: string;
  /** What was accepted, by key. */
  readonly taken: { key: string; path: string }[];
  readonly requests: number;
  /** How many more requests to answer with 503. */
  failures: number;
  close(): void;
}

async function receiver(failures: number, port = 0): Promise<Receiver> {
  const state = { failures, requests: 0, taken: [] as Receiver['taken'] };
  const server: Server = createServer((request, response) => {
    let body = '';
    request.setEncoding('utf8').on('data', (text) => {
      body += text;
    });
    request.on('end', () => {
      state.requests++;
      if (state.failures-- > 0) response.writeHead(503).end('not now');
      else {
        const key = String(request.headers['idempotency-key']);
        state.taken.push({ key, path: basename(JSON.parse(body).path) });
        response.end();
      }
    });
  });
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  const close = () => {
    server.close();
    server.closeAllConnections();
  };
  onTestFinished(close);
  const { port: taken } = server.address() as AddressInfo;
  return Object.assign(state, { url: `http://127.0.0.1:${taken}/results`, close });
}

test('results that a webhook rejects are sent again, in order and once', async () => {
  const dir = at('hooked');
  await writeImages(dir, 3);
  const hook = await receiver(2);
  const log = at('hooked.jsonl');
  const watching = await watch(dir, '--log', log, '--webhook', hook.url);
  await until(() => hook.taken.length).toBe(3);
  expect(hook.requests).toBe(5);
  expect(hook.taken.map(({ path }) => path)).toEqual(await pathsIn(log));
  expect(new Set(hook.taken.map(({ key }) => key)).size).toBe(3);
  expect(watching.said()).toMatch(
    /does not accept results: status 503; retrying\n.*accepts results again/,
  );
  await watching.stop();

  // The next run sends only what is new.
  const next = await watch(dir, '--log', log, '--webhook', hook.url);
  await write(join(dir, 'new.png'), await imageBytes(9));
  await until(() => hook.taken.length).toBe(4);
  expect((await next.stop()).code).toBe(0);
  expect(names(next.results)).toEqual(['new.png']);
  expect(hook.taken.at(-1)?.path).toBe('new.png');
});

test('killed while the webhook is down: nothing is lost and nothing is sent twice', async () => {
  const dir = at('line');
  const [log, passed, rejected] = [at('line.jsonl'), at('passed'), at('rejected')];
  const images = 24;
  for (let i = 0; i < images; i++) {
    await write(join(dir, `${i}.png`), await imageBytes(i, i % 3 === 0));
  }
  const hook = await receiver(Number.POSITIVE_INFINITY);
  const flags = ['--log', log, '--good', passed, '--bad', rejected, '--webhook', hook.url];
  for (const goal of [6, 12]) {
    const watching = await watch(dir, ...flags);
    await until(async () => (await pathsIn(log)).length).toBeGreaterThanOrEqual(goal);
    await watching.stop('SIGKILL');
  }
  expect(hook.taken).toEqual([]);
  hook.failures = 0;
  const last = await watch(dir, ...flags);
  await until(() => hook.taken.length).toBe(images);
  await until(() => readdir(dir)).toEqual([]);
  expect((await last.stop()).code).toBe(0);

  const expected = Array.from({ length: images }, (_, i) => `${i}.png`).sort();
  expect((await pathsIn(log)).sort()).toEqual(expected);
  expect(hook.taken.map(({ path }) => path).sort()).toEqual(expected);
  expect([...(await readdir(passed)), ...(await readdir(rejected))].sort()).toEqual(expected);
  for (const name of await readdir(passed)) {
    expect((await readFile(join(passed, name))).length).toBeGreaterThan(100);
  }
});
