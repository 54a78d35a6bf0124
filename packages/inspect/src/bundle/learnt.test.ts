import fc from 'fast-check';
import { expect, test } from 'vitest';
import { learntFrom, recogniserOf } from './learnt.ts';

const digests = fc.uniqueArray(fc.uint8Array({ minLength: 32, maxLength: 32 }), {
  selector: (digest) => digest.subarray(0, 8).join(),
});

test('recognises images learnt in one or several trainings, and no others', () => {
  fc.assert(
    fc.property(digests, digests, (first, second) => {
      const learnt = learntFrom(second, learntFrom(first));
      expect([...first, ...second].every(recogniserOf(learnt))).toBe(true);
      const known = new Set(first.map((digest) => digest.subarray(0, 8).join()));
      const isLearnt = recogniserOf(learntFrom(first));
      for (const digest of second)
        expect(isLearnt(digest)).toBe(known.has(digest.subarray(0, 8).join()));
    }),
  );
});

test('stores an image learnt twice once, in 8 bytes', () => {
  const digest = Uint8Array.from({ length: 32 }, (_, at) => 255 - at);
  const once = learntFrom([digest, digest]);
  expect(learntFrom([digest], once)).toBe(once);
  expect(atob(once)).toHaveLength(8);
});

test('without a list no image counts as learnt', () => {
  expect(recogniserOf()(new Uint8Array(32))).toBe(false);
});
