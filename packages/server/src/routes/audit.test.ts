import { afterAll, beforeAll, expect, it } from 'vitest';
import { startServer, type TestServer, tinyModel, useFolder } from '../../testing/server.ts';

const at = useFolder();
let server: TestServer;
let model: Buffer;

beforeAll(async () => {
  model = await tinyModel();
  server = await startServer(at(), { keys: 'always' });
});

afterAll(() => server.close());

const as = (key: string | undefined) => ({ authorization: `Bearer ${key}` });

async function entries(query = '') {
  const response = await server.send('GET', `/v1/audit${query}`, undefined, as(server.firstKey));
  return (await response.json()) as Record<string, unknown>[];
}

it('tells who changed what, with the newest first', async () => {
  const first = as(server.firstKey);
  const created = await server.send('POST', '/v1/keys', { name: 'anna', role: 'admin' }, first);
  const { key } = (await created.json()) as { key: string };
  const anna = as(key);
  const path = '/v1/models/part/versions';
  await server.send('POST', path, model, first);
  await server.send('POST', `${path}?activate=false&note=second`, model, anna);
  await server.send('PUT', `${path}/2/settings`, { threshold: '0.5' }, anna);
  await server.send('POST', `${path}/2/activate`, undefined, anna);
  await server.send('DELETE', `${path}/1`, undefined, first);
  await server.send('DELETE', '/v1/models/part', undefined, anna);
  await server.send('DELETE', '/v1/keys/anna', undefined, first);

  const all = await entries();
  expect(all.map(({ by, action, subject }) => [by, action, subject])).toEqual([
    ['first-admin', 'key.revoke', 'anna'],
    ['anna', 'model.delete', 'part'],
    ['first-admin', 'version.delete', 'part/1'],
    ['anna', 'version.activate', 'part/2'],
    ['anna', 'version.change', 'part/2'],
    ['anna', 'version.add', 'part/2'],
    ['first-admin', 'version.add', 'part/1'],
    ['first-admin', 'key.create', 'anna'],
    ['server', 'key.create', 'first-admin'],
  ]);
  expect(all[4]?.details).toEqual({ settings: { threshold: '0.5' } });
  expect(all[5]?.details).toMatchObject({ note: 'second', isActive: false });
  expect(all[7]?.details).toEqual({ role: 'admin' });
  expect(JSON.stringify(all)).not.toContain(key.slice(-43));

  const page = await entries(`?before=${all[2]?.id}&limit=2`);
  expect(page).toEqual(all.slice(3, 5));
});

it('has nothing about what was refused', async () => {
  const before = await entries();
  const first = as(server.firstKey);
  await server.send('DELETE', '/v1/keys/first-admin', undefined, first);
  await server.send('POST', '/v1/keys', { name: 'first-admin', role: 'viewer' }, first);
  await server.send('DELETE', '/v1/models/none', undefined, first);
  expect(await entries()).toEqual(before);
});
