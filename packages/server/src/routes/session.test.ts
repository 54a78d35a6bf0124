import type { FastifyInstance, InjectOptions } from 'fastify';
import { beforeAll, describe, expect, it } from 'vitest';
import { openApp, useServices } from '../../testing/app.ts';

const services = useServices();
let app: FastifyInstance;
let key: string;

beforeAll(async () => {
  app = await openApp(services());
  key = (await services().keys.create('desk', 'operator')).key;
});

function send(method: 'GET' | 'POST' | 'DELETE', more: InjectOptions = {}, to = app) {
  return to.inject({ method, url: '/v1/session', ...more });
}
const signIn = (payload: object, headers = {}) => send('POST', { payload, headers });
const listed = (cookies: Record<string, string>, headers = {}) =>
  app.inject({ url: '/v1/projects', cookies, headers });

describe('a session', () => {
  it('gives a browser what its key allows, until it ends', async () => {
    expect((await send('GET')).json()).toEqual({ keysRequired: true, caller: null });
    const signedIn = await signIn({ key });
    expect(signedIn.statusCode).toBe(204);
    expect(signedIn.headers['cache-control']).toBe('no-store');
    expect(signedIn.headers['set-cookie']).toBe(
      `bigrid_key=${key}; Path=/; HttpOnly; SameSite=Strict`,
    );
    const cookies = { bigrid_key: key };
    expect((await send('GET', { cookies })).json().caller).toEqual({
      name: 'desk',
      role: 'operator',
    });
    expect((await listed(cookies)).statusCode).toBe(200);
    expect((await app.inject({ url: '/v1/keys', cookies })).statusCode).toBe(403);
    const out = await send('DELETE', { cookies });
    expect(out.statusCode).toBe(204);
    expect(out.headers['set-cookie']).toMatch(/^bigrid_key=; .*Expires=Thu, 01 Jan 1970/);
  });

  it('is sent by https only if the page came so', async () => {
    const headers = { host: 'localhost', origin: 'https://localhost' };
    const { headers: received } = await signIn({ key }, headers);
    expect(received['set-cookie']).toContain('; Secure');
  });

  it('ends when its key is revoked', async () => {
    const gone = await services().keys.create('gone', 'viewer');
    const cookies = { bigrid_key: gone.key };
    expect((await signIn({ key: gone.key })).statusCode).toBe(204);
    expect((await listed(cookies)).statusCode).toBe(200);
    await services().keys.revoke('gone');
    expect((await listed(cookies)).statusCode).toBe(401);
    expect((await send('GET', { cookies })).json().caller).toBeNull();
    expect((await signIn({ key: gone.key })).statusCode).toBe(401);
  });

  it('does not outrank the header Authorization', async () => {
    const wrong = { authorization: 'Bearer wrong' };
    expect((await listed({ bigrid_key: key }, wrong)).statusCode).toBe(401);
    const right = { authorization: `Bearer ${key}` };
    expect((await listed({ bigrid_key: 'wrong' }, right)).statusCode).toBe(200);
  });

  it('cannot be begun by the page of another site', async () => {
    const refused = await signIn({ key }, { origin: 'http://elsewhere.example' });
    expect(refused.statusCode).toBe(403);
    expect(refused.headers['set-cookie']).toBeUndefined();
  });

  it('is not needed on loopback, where the cookie of another server does no harm', async () => {
    const open = await openApp(services(), { keysRequired: false });
    const cookies = { bigrid_key: 'of another server' };
    expect((await send('GET', { cookies }, open)).json()).toEqual({
      keysRequired: false,
      caller: { name: 'loopback', role: 'admin' },
    });
    expect((await open.inject({ url: '/v1/keys', cookies })).statusCode).toBe(200);
  });

  it('costs an address that guesses one of its tries', async () => {
    const remoteAddress = '10.9.0.1';
    const guess = (more: InjectOptions) => send('POST', { remoteAddress, ...more });
    for (let at = 0; at < 60; at++) {
      expect((await guess({ payload: { key: `guess-${at}` } })).statusCode).toBe(401);
    }
    expect((await guess({ payload: { key: 'guess' } })).statusCode).toBe(429);
    const asked = await send('GET', { remoteAddress, cookies: { bigrid_key: 'guess' } });
    expect(asked.statusCode).toBe(429);
    expect((await send('GET', { remoteAddress })).statusCode).toBe(200);
  });

  it.each([{}, { key: '' }, { key: 1 }, { key: 'k', more: 1 }])('refuses %j', async (payload) => {
    expect((await signIn(payload)).statusCode).toBe(400);
  });
});
