import { fail } from '@bigrid/errors';

/** 10,000 x 10,000. The decoded bytes are then 300 MB. */
const usual = 100_000_000;
const variable = 'BIGRID_MAX_PIXELS';
/** Maximum pixels per side: memory for resizing grows with the length of a side, however short the other is. */
const LONGEST_SIDE = 1_000_000;

/**
 * Maximum number of pixels of an image: 100 million, or the environment variable `BIGRID_MAX_PIXELS`. A small file can
 * declare a size that would exhaust memory.
 * @throws OPTION_INVALID if the variable is not a positive integer
 */
export function pixelLimit(): number {
  const text = process.env[variable];
  if (text === undefined || text === '') return usual;
  if (!/^[1-9]\d{0,14}$/.test(text)) {
    fail('OPTION_INVALID', `Expected a whole number above 0 for ${variable} but received ${text}`);
  }
  return Number(text);
}

/** @throws IMAGE_TOO_LARGE above {@link pixelLimit}, or for a side of more than a million pixels */
export function assertSize(name: string, width: number, height: number): void {
  const most =
    width * height > pixelLimit()
      ? `${pixelLimit()} pixels`
      : Math.max(width, height) > LONGEST_SIDE
        ? `${LONGEST_SIDE} pixels per side`
        : undefined;
  if (most === undefined) return;
  fail('IMAGE_TOO_LARGE', `Expected at most ${most} for ${name} but received ${width} x ${height}`);
}
