import { scrypt } from 'node:crypto';
import type { FastifyInstance, InjectOptions } from 'fastify';
import { afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { openApp, useServices } from '../../testing/app.ts';
import { roles } from '../services/roles.ts';

vi.mock('node:crypto', { spy: true });

const services = useServices();
let app: FastifyInstance;
/** By role. */
const keyOf: Record<string, string> = {};

beforeAll(async () => {
  app = await openApp(services());
  for (const role of roles) keyOf[role] = (await services().keys.create(`the-${role}`, role)).key;
});

const bearing = (key: string | undefined) => ({ authorization: `Bearer ${key}` });

/** Sends a request from an address that no other test uses, so that their limits do not add up. */
let address = 0;
function send(to: FastifyInstance, url: string, more: InjectOptions = {}) {
  const remoteAddress = more.remoteAddress ?? `10.0.${++address >> 8}.${address & 255}`;
  return to.inject({ method: 'GET', url, remoteAddress, ...more });
}

describe('keys', () => {
  it.each([
    ['none', {}, 'received none'],
    ['one in another shape', { authorization: 'Bearer secret' }, 'not valid'],
    ['another scheme', { authorization: 'Basic YTpi' }, 'not valid'],
    ['an unknown one', bearing(`bigrid_${'0'.repeat(16)}_${'a'.repeat(43)}`), 'not valid'],
  ])('are needed: %s', async (_, headers, message) => {
    for (const url of ['/v1/models', '/metrics', '/docs', '/openapi.json', '/v2', '/nowhere']) {
      const response = await send(app, url, { headers });
      expect(response.statusCode, url).toBe(401);
      expect(response.headers['www-authenticate']).toBe('Bearer');
      expect(response.json().code).toBe('KEY_INVALID');
      expect(response.json().error).toContain(message);
    }
  });

  it('are compared to the last character', async () => {
    const key = keyOf.admin as string;
    const other = key.endsWith('A') ? 'Q' : 'A';
    const headers = bearing(key.slice(0, -1) + other);
    expect((await send(app, '/v1/models', { headers })).statusCode).toBe(401);
  });

  it('are not needed for health', async () => {
    expect((await send(app, '/health/live')).statusCode).toBe(200);
    expect((await send(app, '/health/ready')).statusCode).toBe(200);
    expect((await send(app, '/v2/health/live')).statusCode).toBe(401);
  });

  it('are hashed once, however many requests come at once and later', async () => {
    const { key } = await services().keys.create('busy', 'viewer');
    vi.mocked(scrypt).mockClear();
    const headers = bearing(key);
    const ask = () => send(app, '/v1/models', { headers });
    const all = await Promise.all(Array.from({ length: 20 }, ask));
    all.push(await ask());
    expect(all.every(({ statusCode }) => statusCode === 200)).toBe(true);
    expect(scrypt).toHaveBeenCalledTimes(1);
  });

  it('are optional on loopback, but have to be valid', async () => {
    const open = await openApp(services(), { keysRequired: false });
    expect((await send(open, '/v1/keys')).statusCode).toBe(200);
    expect((await send(open, '/v1/keys', { headers: bearing('wrong') })).statusCode).toBe(401);
    const headers = bearing(keyOf.viewer);
    expect((await send(open, '/v1/keys', { headers })).statusCode).toBe(403);
  });
});

describe('roles', () => {
  it.each([
    ['GET', '/v1/models', 'viewer'],
    ['GET', '/v1/models/a', 'viewer'],
    ['GET', '/v1/models/a/versions/1', 'viewer'],
    ['GET', '/v1/models/a/versions/1/file', 'viewer'],
    ['GET', '/metrics', 'viewer'],
    ['GET', '/openapi.json', 'viewer'],
    ['GET', '/docs/static/index.html', 'viewer'],
    ['GET', '/v2', 'viewer'],
    ['GET', '/v2/health/ready', 'viewer'],
    ['GET', '/v2/models/a', 'viewer'],
    ['GET', '/v2/models/a/ready', 'operator'],
    ['POST', '/v2/models/a/infer', 'operator'],
    ['POST', '/v2/models/a/versions/1/infer', 'operator'],
    ['POST', '/v1/models/a/inspect', 'operator'],
    ['POST', '/v1/models/a/versions/1/inspect', 'operator'],
    ['POST', '/v1/models/a/versions', 'admin'],
    ['POST', '/v1/models/a/versions/1/activate', 'admin'],
    ['PATCH', '/v1/models/a/versions/1', 'admin'],
    ['PUT', '/v1/models/a/versions/1/settings', 'admin'],
    ['PUT', '/v1/models/a/versions/1/mask', 'admin'],
    ['DELETE', '/v1/models/a/versions/1/mask', 'admin'],
    ['DELETE', '/v1/models/a/versions/1', 'admin'],
    ['DELETE', '/v1/models/a', 'admin'],
    ['GET', '/v1/projects/a/scores?model=a', 'viewer'],
    ['GET', '/v1/projects/a/comparison?model=a', 'viewer'],
    ['POST', '/v1/projects/a/images/known', 'viewer'],
    ['GET', '/v1/projects/a/images/1/inspection?model=a', 'viewer'],
    ['GET', '/v1/audit', 'admin'],
    ['GET', '/v1/keys', 'admin'],
    ['POST', '/v1/keys', 'admin'],
    ['DELETE', '/v1/keys/a', 'admin'],
  ] as const)('%s %s is for %s and above', async (method, url, least) => {
    for (const role of roles) {
      const response = await send(app, url, { method, headers: bearing(keyOf[role]) });
      if (roles.indexOf(role) >= roles.indexOf(least)) {
        expect([401, 403], role).not.toContain(response.statusCode);
      } else {
        expect(response.statusCode, role).toBe(403);
        expect(response.json().code).toBe('ACCESS_DENIED');
        expect(response.json().error).toContain(`the role ${least}`);
      }
    }
  });

  it('let nobody but administrators use a route that states none', async () => {
    const other = await openApp(services());
    other.get('/forgotten', async () => 'open');
    const by = (role: string) => send(other, '/forgotten', { headers: bearing(keyOf[role]) });
    expect((await by('operator')).statusCode).toBe(403);
    expect((await by('admin')).statusCode).toBe(200);
  });

  it('do not matter for a route that does not exist', async () => {
    const response = await send(app, '/nowhere', { headers: bearing(keyOf.viewer) });
    expect(response.statusCode).toBe(404);
  });
});

describe('limits', () => {
  // Windows of time must not end while a test counts.
  beforeEach(() => {
    vi.spyOn(Date, 'now').mockReturnValue(1e12);
  });
  afterEach(() => {
    vi.mocked(Date.now).mockRestore();
  });

  it('hold per key, on unknown routes too', async () => {
    const limited = await openApp(services(), { rateLimit: 3 });
    const by = (role: string, url: string) => send(limited, url, { headers: bearing(keyOf[role]) });
    const statuses = [];
    for (const url of ['/v2', '/v1/models', '/nowhere', '/nowhere', '/v2']) {
      statuses.push((await by('viewer', url)).statusCode);
    }
    expect(statuses).toEqual([200, 200, 404, 429, 429]);
    const refused = await by('viewer', '/v2');
    expect(refused.json().code).toBe('TOO_MANY_REQUESTS');
    expect(refused.headers['retry-after']).toBe('1');
    // Others are not affected.
    expect((await by('operator', '/v2')).statusCode).toBe(200);
  });

  it('hold per address for what is open to anyone', async () => {
    const limited = await openApp(services(), { rateLimit: 1 });
    const from = (remoteAddress: string) => send(limited, '/health/live', { remoteAddress });
    expect((await from('10.2.0.1')).statusCode).toBe(200);
    expect((await from('10.2.0.1')).statusCode).toBe(429);
    expect((await from('10.2.0.2')).statusCode).toBe(200);
  });

  it('stop an address that guesses, before the guesses cost anything, and nobody else', async () => {
    const remoteAddress = '10.3.0.1';
    const guess = (headers: Record<string, string>) =>
      send(app, '/v1/models', { remoteAddress, headers });
    await guess(bearing(keyOf.viewer));
    for (let i = 0; i < 60; i++) {
      const headers: Record<string, string> = i % 2 === 0 ? {} : bearing(`guess-${i}`);
      expect((await guess(headers)).statusCode).toBe(401);
    }
    vi.mocked(scrypt).mockClear();
    const { key } = await services().keys.create('later', 'viewer');
    const refused = await guess(bearing(key));
    expect(refused.statusCode).toBe(429);
    expect(refused.headers['retry-after']).toBe('60');
    // Once, to create it.
    expect(scrypt).toHaveBeenCalledTimes(1);
    // A key that was used before still works from there.
    expect((await guess(bearing(keyOf.viewer))).statusCode).toBe(200);
    expect((await send(app, '/v1/models', { headers: bearing(key) })).statusCode).toBe(200);
  });

  it('do not hold on loopback without a key', async () => {
    const open = await openApp(services(), { keysRequired: false, rateLimit: 1 });
    for (let i = 0; i < 5; i++) expect((await send(open, '/v2')).statusCode).toBe(200);
  });
});
