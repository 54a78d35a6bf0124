import { z } from 'zod';

/** A schema for each option of `Options`: one that has none does not compile. */
export type Shape<Options> = { readonly [Name in keyof Required<Options>]: z.ZodType };

/** Of a file or a folder. */
export const path = z
  .string()
  .min(1)
  // The system takes none with NULs.
  .refine((text) => !text.includes('\0'))
  .meta({ expected: 'a path' });
export const callback = z
  .custom((value) => typeof value === 'function')
  .meta({ expected: 'a function' });
export const signal = z
  .custom<AbortSignal>(
    (value) =>
      typeof (value as AbortSignal | null)?.aborted === 'boolean' &&
      typeof (value as AbortSignal).addEventListener === 'function',
  )
  .meta({ expected: 'an AbortSignal' });
/** Each of the options may be left out, and there are no others. */
export function optional<Options>(shape: Shape<Options>) {
  return z.strictObject(shape).partial();
}
