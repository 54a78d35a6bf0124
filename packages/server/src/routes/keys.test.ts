import type { FastifyInstance } from 'fastify';
import { beforeAll, expect, it } from 'vitest';
import { openApp, useServices } from '../../testing/app.ts';
import { Database } from '../database/database.ts';
import { KeyService } from '../services/keys.ts';

const services = useServices();
let app: FastifyInstance;
let admin: string;

beforeAll(async () => {
  app = await openApp(services());
  admin = (await services().keys.createFirst())?.key as string;
});

type Method = 'GET' | 'POST' | 'DELETE';

function send(method: Method, url: string, payload: object | undefined = undefined, key = admin) {
  const headers = { authorization: `Bearer ${key}` };
  return app.inject({ method, url, headers, ...(payload && { payload }) });
}

it('creates, lists and revokes keys', async () => {
  const created = await send('POST', '/v1/keys', { name: 'line-3', role: 'operator' });
  expect(created.statusCode).toBe(201);
  expect(created.headers['cache-control']).toBe('no-store');
  const { key, ...rest } = created.json();
  expect(key).toMatch(/^bigrid_[0-9a-f]{16}_[\w-]{43}$/);
  expect(rest).toMatchObject({ name: 'line-3', role: 'operator' });

  expect((await send('GET', '/v2', undefined, key)).statusCode).toBe(200);
  const listed = (await send('GET', '/v1/keys')).json();
  expect(listed).toContainEqual(rest);
  expect(JSON.stringify(listed)).not.toContain(key.slice(-43));

  expect((await send('DELETE', '/v1/keys/line-3')).statusCode).toBe(204);
  expect((await send('GET', '/v2', undefined, key)).statusCode).toBe(401);
  expect((await send('DELETE', '/v1/keys/line-3')).statusCode).toBe(404);
});

it('refuses a key that is revoked while it is verified', async () => {
  const { key, name } = await services().keys.create('hasty', 'viewer');
  const [, found] = await Promise.all([services().keys.revoke(name), services().keys.verify(key)]);
  expect(found).toBeUndefined();
  expect(services().keys.recall(key)).toBeUndefined();
});

it.each([
  ['a name that exists', { name: 'first-admin', role: 'viewer' }, 409, 'STATE_CONFLICT'],
  [
    'the name of callers without a key',
    { name: 'loopback', role: 'viewer' },
    400,
    'REQUEST_INVALID',
  ],
  ['a name with slashes', { name: '../x', role: 'viewer' }, 400, 'REQUEST_INVALID'],
  ['another role', { name: 'x', role: 'owner' }, 400, 'REQUEST_INVALID'],
  ['more', { name: 'x', role: 'viewer', key: 'mine' }, 400, 'REQUEST_INVALID'],
])('refuses %s', async (_, body, status, code) => {
  const response = await send('POST', '/v1/keys', body);
  expect(response.statusCode).toBe(status);
  expect(response.json().code).toBe(code);
});

it('keeps the last key of an administrator', async () => {
  const kept = await send('DELETE', '/v1/keys/first-admin');
  expect(kept.statusCode).toBe(409);
  const { key } = (await send('POST', '/v1/keys', { name: 'second', role: 'admin' })).json();
  expect((await send('DELETE', '/v1/keys/first-admin')).statusCode).toBe(204);
  expect((await send('GET', '/v1/keys')).statusCode).toBe(401);
  expect((await send('GET', '/v1/keys', undefined, key)).statusCode).toBe(200);
  // There is an administrator, so that none is created at the next start.
  expect(await services().keys.createFirst()).toBeUndefined();
});

it('stores nothing that a key can be made of', async () => {
  const database = await Database.open(':memory:');
  const keys = new KeyService(database);
  const { key } = await keys.create('stored', 'viewer');
  const [row] = database.all('SELECT * FROM keys');
  const secret = key.slice(-43);
  const forms = [secret, Buffer.from(secret, 'base64url').toString('hex')];
  for (const form of forms) expect(JSON.stringify(row)).not.toContain(form);
  expect(await new KeyService(database).verify(key)).toEqual({ name: 'stored', role: 'viewer' });
});
