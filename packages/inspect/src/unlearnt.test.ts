import { expect, test } from 'vitest';
import { learntFrom } from './bundle/learnt.ts';
import { digest } from './digest.ts';
import { unlearnt } from './unlearnt.ts';

const imageOf = (value: number) => ({ width: 1, height: 1, data: Uint8Array.of(value, 0, 0) });
const entryOf = (value: number) => ({ path: `${value}`, read: async () => imageOf(value) });
const broken = { path: 'broken', read: () => Promise.reject(new Error('cut short')) };

async function pathsOf(learnt: string): Promise<string[]> {
  const found: string[] = [];
  for await (const { path } of unlearnt({ learnt }, [1, 2, 3].map(entryOf).concat(broken))) {
    found.push(path);
  }
  return found;
}

test('finds images not trained on by their pixels, and skips unreadable ones', async () => {
  const digests = await Promise.all([2, 9].map((value) => digest(imageOf(value).data)));
  expect(await pathsOf(learntFrom(digests))).toEqual(['1', '3']);
  expect(await pathsOf(learntFrom([]))).toEqual(['1', '2', '3']);
});
