import { hostname } from 'node:os';
import type { FastifyInstance } from 'fastify';
import { beforeAll, describe, expect, it } from 'vitest';
import { openApp, useServices } from '../../testing/app.ts';
import { namesOf } from './origin.ts';

const services = useServices();
let app: FastifyInstance;

beforeAll(async () => {
  const names = namesOf('10.0.0.5', ['vision.example', 'Other.example']);
  app = await openApp(services(), { keysRequired: false, names });
});

const get = (headers: Record<string, string>) =>
  app.inject({ method: 'GET', url: '/health/live', headers });

describe('Host', () => {
  it.each([
    'localhost',
    'localhost:8000',
    'LOCALHOST:8000',
    'localhost.',
    '127.0.0.1:8000',
    '[::1]:8000',
    '10.0.0.5',
    '192.168.7.7:8000',
    `${hostname()}:8000`,
    `${hostname()}.local`,
    'vision.example',
    'other.example:443',
  ])('may be %s', async (host) => {
    expect((await get({ host })).statusCode).toBe(200);
  });

  it.each([
    'evil.example',
    'evil.example:8000',
    'localhost.evil.example',
    'evil-localhost',
    'vision.example.evil',
    'sub.vision.example',
    '127.0.0.1.evil.example',
    'localhost@evil.example',
    'evil.example/localhost',
    'localhost, evil.example',
    'localhost:port',
    '[::1',
    ':8000',
  ])('may not be %s', async (host) => {
    const response = await get({ host });
    expect(response.statusCode).toBe(403);
    expect(response.json()).toMatchObject({ code: 'ACCESS_DENIED' });
    expect(response.json().error).toContain(host);
  });
});

describe('Origin', () => {
  it.each([
    ['http://localhost:8000', 'localhost:8000'],
    ['http://localhost', 'localhost'],
    ['https://vision.example', 'vision.example'],
    ['https://vision.example', 'vision.example:443'],
    ['http://[::1]:8000', '[::1]:8000'],
  ])('may be %s for %s', async (origin, host) => {
    expect((await get({ origin, host })).statusCode).toBe(200);
  });

  it.each([
    ['http://evil.example', 'localhost:8000'],
    ['http://localhost:3000', 'localhost:8000'],
    ['http://localhost', 'localhost:8000'],
    ['http://127.0.0.1:8000', 'localhost:8000'],
    ['null', 'localhost:8000'],
    ['', 'localhost:8000'],
    ['file://', 'localhost:8000'],
    ['chrome-extension://localhost', 'localhost'],
  ])('may not be %j for %s', async (origin, host) => {
    const response = await get({ origin, host });
    expect(response.statusCode).toBe(403);
    expect(response.json()).toMatchObject({ code: 'ACCESS_DENIED' });
  });
});

it('shares nothing with other origins', async () => {
  const { headers } = await get({ origin: 'http://localhost', host: 'localhost' });
  expect(Object.keys(headers).filter((name) => name.startsWith('access-control-'))).toEqual([]);
  expect(headers['cross-origin-resource-policy']).toBe('same-origin');
  const preflight = await app.inject({ method: 'OPTIONS', url: '/v1/models' });
  expect(preflight.statusCode).toBe(404);
});

it('allows no script but files of the server', async () => {
  const { headers } = await get({});
  const policy = String(headers['content-security-policy']);
  expect(policy).toContain("default-src 'self'");
  expect(policy).toContain("script-src 'self';");
  expect(policy).toContain("frame-ancestors 'none'");
  expect(policy).not.toContain('unsafe');
});

it.each(['http://vision.example', 'vision.example:8000', '*.example', 'a b'])(
  'refuses %s as a further name',
  (allowed) => {
    expect(() => namesOf('localhost', [allowed])).toThrow(
      expect.objectContaining({ code: 'OPTION_INVALID' }),
    );
  },
);
