import { expect, it } from 'vitest';
import { isLoopback } from './loopback.ts';

it.each(['127.0.0.1', '127.8.9.1', '::1', '::ffff:127.0.0.1', 'localhost'])(
  'is loopback: %s',
  async (host) => {
    expect(await isLoopback(host)).toBe(true);
  },
);

it.each(['0.0.0.0', '::', '10.0.0.1', '128.0.0.1', '::ffff:10.0.0.1'])(
  'is not: %s',
  async (host) => {
    expect(await isLoopback(host)).toBe(false);
  },
);
