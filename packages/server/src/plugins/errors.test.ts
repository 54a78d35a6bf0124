import { PassThrough } from 'node:stream';
import { fail } from '@bigrid/errors';
import Fastify from 'fastify';
import { pino } from 'pino';
import { expect, test } from 'vitest';
import { errors } from './errors.ts';

/** A server with routes that fail, and what it logs. */
async function failingServer() {
  const output = new PassThrough({ encoding: 'utf8' });
  const app = Fastify({ loggerInstance: pino({ level: 'warn' }, output) });
  await app.register(errors);
  app.get('/busy', async () => fail('SERVER_BUSY', 'Expected at most 64 waiting inspections'));
  app.get('/store', async () => fail('STORE_BUSY', 'Expected the database'));
  app.get('/broken', async () => {
    throw new Error('broken');
  });
  const statusOf = async (url: string) => (await app.inject(url)).statusCode;
  const lines = () => {
    const text: string = output.read() ?? '';
    return text.split('\n').flatMap((line) => (line === '' ? [] : [JSON.parse(line)]));
  };
  return { statusOf, lines };
}

test('requests that are refused for a while do not fill the log', async () => {
  const { statusOf, lines } = await failingServer();
  for (let n = 0; n < 50; n++) expect(await statusOf('/busy')).toBe(503);
  expect(await statusOf('/store')).toBe(503);
  const [busy, store, ...more] = lines();
  expect(busy).toMatchObject({
    level: 40,
    code: 'SERVER_BUSY',
    msg: 'Expected at most 64 waiting inspections',
  });
  expect(store).toMatchObject({ level: 40, code: 'STORE_BUSY' });
  expect(more).toEqual([]);
});

test('each bug is logged with its stack', async () => {
  const { statusOf, lines } = await failingServer();
  for (let n = 0; n < 2; n++) expect(await statusOf('/broken')).toBe(500);
  const logged = lines();
  expect(logged).toHaveLength(2);
  expect(logged[0]).toMatchObject({ level: 50, err: { stack: expect.stringContaining('broken') } });
});
