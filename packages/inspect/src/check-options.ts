import { expectation, type Field, fail } from '@bigrid/errors';
import { nearest } from '@bigrid/graph';
import { z } from 'zod';

/**
 * Checks the options of a call.
 * @param what the function that takes them, such as `train`
 * @returns the options, with the defaults of the schema
 * @throws OPTION_INVALID, which names the first invalid option, or an unknown option and the one with the most similar name
 */
export function checkOptions<Schema extends z.ZodObject>(
  schema: Schema,
  given: unknown,
  what: string,
): z.output<Schema> {
  const parsed = schema.safeParse(given);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues as [z.core.$ZodIssue];
  if (issue.code === 'unrecognized_keys') {
    const [name = ''] = issue.keys;
    const [like] = nearest(name, Object.keys(schema.shape), 1);
    return fail(
      'OPTION_INVALID',
      `Expected an option of ${what} (did you mean ${like}?) but received ${name}`,
    );
  }
  const [name] = issue.path;
  if (name === undefined) return refuse('an object of options', what, given);
  const field = schema.shape[name as string] as z.ZodType;
  return refuse(wordsOf(field), String(name), (given as Record<PropertyKey, unknown>)[name]);
}

/** Checks one argument of a call. @throws OPTION_INVALID */
export function checkArgument(schema: z.ZodType, given: unknown, name: string): void {
  if (!schema.safeParse(given).success) refuse(wordsOf(schema), name, given);
}

function refuse(expected: string, name: string, given: unknown): never {
  return fail('OPTION_INVALID', `Expected ${expected} for ${name} but received ${shown(given)}`);
}

function wordsOf(schema: z.ZodType): string {
  return expectation(z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' }) as Field);
}

/** Longer values are truncated in messages. */
const LONGEST = 60;

function shown(value: unknown): string {
  if (typeof value === 'function') return 'a function';
  // Only the type of an object: it may be large, or contain itself.
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return kindOf(value);
  const text = Array.isArray(value)
    ? `[${value.map((part) => (Array.isArray(part) ? 'Array' : shown(part))).join(', ')}]`
    : typeof value === 'string'
      ? JSON.stringify(value)
      : String(value);
  return text.length > LONGEST ? `${text.slice(0, LONGEST)}…` : text;
}

function kindOf(value: object): string {
  return Object.prototype.toString.call(value).slice(8, -1);
}
