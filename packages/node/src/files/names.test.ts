import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeName, systemPath } from './names.ts';

/** Bytes as names have them: whole letters, letters cut short, and bytes that are none. */
const names = fc
  .array(
    fc.oneof(
      fc.string({ unit: 'binary' }).map((text) => Buffer.from(text)),
      fc
        .constantFrom('é', '零', '🔩', '\ufeff')
        .map((letter) => Buffer.from(letter).subarray(0, -1)),
      fc.constantFrom('é', '零', '🔩').map((letter) => Buffer.from(letter).subarray(1)),
      // The surrogates themselves, in the three bytes that UTF-8 forbids.
      fc.constant(Buffer.of(0xed, 0xb2, 0x80)),
      fc.uint8Array({ maxLength: 4 }).map((bytes) => Buffer.from(bytes)),
    ),
    { maxLength: 8 },
  )
  .map((parts) => Buffer.concat(parts));

describe('decodeName', () => {
  it('loses no byte, in JSON neither', () => {
    fc.assert(
      fc.property(names, (bytes) => {
        const text: string = JSON.parse(Buffer.from(JSON.stringify(decodeName(bytes))).toString());
        expect(Buffer.from(systemPath(text)).equals(bytes)).toBe(true);
      }),
      { numRuns: 1000 },
    );
  });

  it('keeps all that is UTF-8 between bytes that are none', () => {
    const noLetters = Buffer.from([0xff, 0xc0, 0xfe]);
    fc.assert(
      fc.property(fc.array(fc.string({ unit: 'binary' })), (texts) => {
        const bytes = Buffer.concat(texts.flatMap((text) => [Buffer.from(text), noLetters]));
        const decoded = decodeName(bytes);
        expect(decoded).toBe(texts.map((text) => `${text}\udcff\udcc0\udcfe`).join(''));
      }),
    );
  });

  it('takes bytes without a letter as fast as others', () => {
    const bytes = Buffer.alloc(4_000_000, Buffer.from('a,\xe9;', 'latin1'));
    const started = performance.now();
    expect(decodeName(bytes)).toHaveLength(bytes.length);
    expect(performance.now() - started).toBeLessThan(10_000);
  });

  it('gives names in UTF-8 as they are', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        expect(decodeName(Buffer.from(text))).toBe(text);
        expect(systemPath(text)).toBe(text);
      }),
    );
  });

  it('is the same as the surrogateescape of Python', () => {
    expect(decodeName(Buffer.from('caf\xe9 \xc3\xa9\xf0\x9f\x94.png', 'latin1'))).toBe(
      'caf\udce9 é\udcf0\udc9f\udc94.png',
    );
  });
});
