import { fail } from '@bigrid/errors';
import { Random } from '@bigrid/method';
import { describe, expect, test } from 'vitest';
import { mutate, pick } from './mutate.ts';
import { readOnce } from './read-once.ts';
import type { Target } from './target.ts';
import { targets } from './targets.ts';

/** `npm run fuzz` runs for longer. */
const EXECUTIONS = 300;

test.each(targets)('$name reads valid inputs and survives invalid ones', async (target) => {
  const corpus = await target.corpus();
  for (const bytes of corpus) await target.read(bytes);
  const random = new Random(1).fork(target.name);
  for (let i = 0; i < EXECUTIONS; i++) {
    const bytes = mutate(pick(corpus, random), pick(corpus, random), random);
    const finding = await readOnce(target, bytes);
    expect(finding, Buffer.from(bytes).toString('base64')).toBeUndefined();
  }
});

describe('findings include', () => {
  const broken = (read: () => unknown): Target => ({
    name: 'broken',
    mostMemory: 100,
    corpus: async () => [],
    read,
  });
  const nothing = new Uint8Array();

  test('a crash, with its stack trace', async () => {
    const target = broken(() => {
      throw new TypeError('no such thing');
    });
    expect(await readOnce(target, nothing)).toMatchObject({
      kind: 'crash',
      detail: expect.stringMatching(/no such thing[\s\S]*targets\.test\.ts/),
    });
  });

  test('no errors of the registry', async () => {
    const target = broken(() => fail('BUNDLE_INVALID', 'Expected a bundle but received noise'));
    expect(await readOnce(target, nothing)).toBeUndefined();
  });

  test('a reader that exceeds its memory limit', async () => {
    const kept: Uint8Array[] = [];
    const target = broken(() => kept.push(new Uint8Array(2 ** 28)));
    expect(await readOnce(target, nothing)).toMatchObject({ kind: 'memory' });
  });

  test('a reader that exceeds its time limit', async () => {
    const target = broken(() => Array.from({ length: 1e6 }, (_, i) => Math.sin(i)));
    expect(await readOnce({ ...target, mostSeconds: 1e-3 }, nothing)).toMatchObject({
      kind: 'slow',
    });
  });
});
