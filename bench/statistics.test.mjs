import { describe, expect, it, test } from 'vitest';
import { table } from '../scripts/docs/markdown-table.mjs';
import { median, quantile, spread } from './statistics.mjs';

describe('quantile', () => {
  it('interpolates between neighbours', () => {
    expect(quantile([4, 1, 3, 2], 0.5)).toBe(2.5);
    expect(quantile([4, 1, 3, 2], 1)).toBe(4);
    expect(median([7])).toBe(7);
    expect(() => quantile([], 0.5)).toThrow('received none');
  });
});

test('the spread is the sample standard deviation', () => {
  expect(spread([1, 2, 3], 1)).toBe('2.0 ± 1.0 (1.0, 2.0, 3.0)');
  expect(spread([4], 0)).toBe('4 ± 0 (4)');
});

test('a table has a line below its head and escapes bars in cells', () => {
  expect(table(['a', 'b'], [[1, 'x|y']])).toBe('| a | b |\n| --- | --- |\n| 1 | x\\|y |');
});
