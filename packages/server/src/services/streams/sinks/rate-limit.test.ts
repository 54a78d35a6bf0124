import { expect, test } from 'vitest';
import { RateLimit } from './rate-limit.ts';

const passed = (limit: RateLimit, times: number[]) => times.filter((time) => limit.take(time));

test('as many pass at once as in a second; then one by one', () => {
  const limit = new RateLimit(4, 0);
  expect(passed(limit, [0, 1, 2, 3, 4, 5])).toEqual([0, 1, 2, 3]);
  expect(passed(limit, [240, 251, 260, 502])).toEqual([251, 502]);
  // What was not used for long is not kept.
  expect(passed(limit, [60_000, 60_001, 60_002, 60_003, 60_004])).toHaveLength(4);
});

test('less than one per second', () => {
  const limit = new RateLimit(0.5, 0);
  expect(passed(limit, [0, 1000, 1999, 2001, 3000, 4002])).toEqual([0, 2001, 4002]);
});
