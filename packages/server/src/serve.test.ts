import { afterEach, expect, it } from 'vitest';
import { startServer, type TestServer, useFolder } from '../testing/server.ts';

const at = useFolder();
let server: TestServer;

afterEach(() => server.close());

/** The status of a request over loopback. */
async function statusWith(key?: string): Promise<number> {
  const { port } = new URL(server.url);
  const headers: Record<string, string> =
    key === undefined ? {} : { authorization: `Bearer ${key}` };
  return (await fetch(`http://127.0.0.1:${port}/v1/models`, { headers })).status;
}

it('needs no key on loopback', async () => {
  server = await startServer(at('open'));
  expect(new URL(server.url).hostname).toBe('127.0.0.1');
  expect(server.firstKey).toBeUndefined();
  expect(await statusWith()).toBe(200);
});

it('needs one there too if asked', async () => {
  server = await startServer(at('closed'), { keys: 'always' });
  expect(await statusWith()).toBe(401);
  expect(await statusWith(server.firstKey)).toBe(200);
});

it('creates the key of an administrator once, when others can connect', async () => {
  server = await startServer(at('shared'), { host: '0.0.0.0' });
  const { firstKey } = server;
  expect(await statusWith()).toBe(401);
  expect(await statusWith(firstKey)).toBe(200);
  await server.close();

  server = await startServer(at('shared'), { host: '0.0.0.0' });
  expect(server.firstKey).toBeUndefined();
  expect(await statusWith(firstKey)).toBe(200);
});
