import { z } from 'zod';

/** A schema for each option of `Options`; a missing one is a type error. */
export type Shape<Options> = { readonly [Name in keyof Required<Options>]: z.ZodType };

/** A path of a file or folder. */
export const path = z
  .string()
  .min(1)
  // No system allows NUL in paths.
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
/** An object in which every option is optional, and no others are allowed. */
export function optional<Options>(shape: Shape<Options>) {
  return z.strictObject(shape).partial();
}
