import { readFileSync } from 'node:fs';
import { expect } from 'vitest';

/** Values made by other tools: see tools/goldens/graph.py. */
export function golden<T>(name: string): T {
  return JSON.parse(readFileSync(new URL(`../src/goldens/${name}.json`, import.meta.url), 'utf8'));
}

/** The largest distance between two lists of equal length. */
export function distance(actual: readonly number[], expected: readonly number[]): number {
  expect(actual.length).toBe(expected.length);
  return Math.max(...actual.map((value, i) => Math.abs(value - (expected[i] as number))));
}
