import { inspect } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { hasRedis, TestRedis, whyNot } from '../../testing/redis.ts';
import { useFolder } from '../../testing/server.ts';
import { RedisConnection } from './connection.ts';

const at = useFolder();

/** The error of an address, with all that a log could show of it. */
async function errorOf(url: string) {
  const error = await RedisConnection.open(url, () => {}).then(
    () => undefined,
    (one: unknown) => one,
  );
  return { error, shown: inspect(error, { depth: 10, showHidden: true }) };
}

describe('RedisConnection', () => {
  it('refuses addresses of other servers, and those where nothing answers', async () => {
    const other = await errorOf('http://:pass-word@127.0.0.1');
    expect(other.error).toMatchObject({ code: 'OPTION_INVALID' });
    const nothing = await errorOf('redis://:pass-word@127.0.0.1:1');
    expect(nothing.error).toMatchObject({
      code: 'QUEUE_UNAVAILABLE',
      message: expect.stringContaining('127.0.0.1:1 but received: connect ECONNREFUSED'),
    });
    for (const { shown } of [other, nothing]) expect(shown).not.toContain('pass-word');
  });
});

describe.runIf(hasRedis)(`RedisConnection${whyNot}`, () => {
  let redis: TestRedis;
  beforeAll(async () => {
    redis = await TestRedis.start(at());
  });
  afterAll(() => redis.stop());

  it('does not show a password that is wrong', async () => {
    const url = redis.url.replace('pass-word', 'other-word');
    const { error, shown } = await errorOf(url);
    expect(error).toMatchObject({
      code: 'QUEUE_UNAVAILABLE',
      message: expect.stringContaining('WRONGPASS'),
    });
    expect(shown).not.toContain('other-word');
  });

  it('tells once that it is lost, and is reachable again by itself', async () => {
    const errors: Error[] = [];
    const connection = await RedisConnection.open(redis.url, (error) => errors.push(error));
    expect(connection.isReachable).toBe(true);
    await redis.stop();
    await expect.poll(() => errors.length).toBe(1);
    expect(() => connection.assertReachable()).toThrow(
      expect.objectContaining({ code: 'QUEUE_UNAVAILABLE' }),
    );
    await redis.start();
    await expect.poll(() => connection.isReachable).toBe(true);
    expect(errors).toHaveLength(1);
    connection.close();
  });
});
