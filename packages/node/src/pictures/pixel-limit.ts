import { fail } from '@bigrid/errors';

/** 10,000 x 10,000. The decoded bytes are then 300 MB. */
const usual = 100_000_000;
const variable = 'BIGRID_MAX_PIXELS';

/**
 * Pixels that a picture may have: 100 million, or what the environment variable `BIGRID_MAX_PIXELS` says. A small file
 * can state a size that would fill the memory.
 * @throws OPTION_INVALID when the variable holds no whole number above 0
 */
export function pixelLimit(): number {
  const text = process.env[variable];
  if (text === undefined || text === '') return usual;
  if (!/^[1-9]\d{0,14}$/.test(text)) {
    fail('OPTION_INVALID', `Expected a whole number above 0 for ${variable} but received ${text}`);
  }
  return Number(text);
}

/** @throws PICTURE_TOO_LARGE */
export function tooLarge(name: string, width: number, height: number): never {
  fail(
    'PICTURE_TOO_LARGE',
    `Expected at most ${pixelLimit()} pixels for ${name} but received ${width} x ${height}`,
  );
}
