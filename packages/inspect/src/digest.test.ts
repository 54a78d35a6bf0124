import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { afterEach, expect, test, vi } from 'vitest';
import { chain, digest, fromHex, toHex } from './digest.ts';

afterEach(() => vi.unstubAllGlobals());

/** Around the 64-byte blocks of SHA-256, and views that begin inside their buffer. */
const views = fc
  .tuple(fc.uint8Array({ maxLength: 300 }), fc.nat(70))
  .map(([bytes, start]) => bytes.subarray(start));

function expected(...parts: Uint8Array[]): string {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part);
  return hash.digest('hex');
}

test.each([
  ['with crypto.subtle', () => {}],
  ['on a page without a secure context', () => vi.stubGlobal('crypto', {})],
  ['without crypto', () => vi.stubGlobal('crypto', undefined)],
])('the digest is SHA-256 %s', async (_, setUp) => {
  setUp();
  await fc.assert(
    fc.asyncProperty(views, views, async (first, second) => {
      expect(toHex(await digest(first))).toBe(expected(first));
      expect(toHex(await chain(first, second))).toBe(expected(first, second));
    }),
  );
});

test('an image has the same digest with and without crypto.subtle', async () => {
  const pixels = Uint8Array.from({ length: 90 * 90 * 3 }, (_, at) => (at * at) % 251);
  const byPlatform = await digest(pixels);
  vi.stubGlobal('crypto', {});
  expect(await digest(pixels)).toEqual(byPlatform);
  expect(fromHex(toHex(byPlatform))).toEqual(byPlatform);
});
