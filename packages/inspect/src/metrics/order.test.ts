import { expect, it } from 'vitest';
import { median } from './order.ts';

it.each([
  [[], undefined],
  [[3], 3],
  [[10, 9], 10],
  [[10, 9, -1], 9],
  [[4, 1, 3, 2], 3],
])('the median of %j is %s', (values, middle) => {
  expect(median(values)).toBe(middle);
});
