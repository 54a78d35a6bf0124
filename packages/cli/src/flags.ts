import { expectation, type Field, fail, rangeOf } from '@bigrid/errors';
import { engineOptionsSchema } from '@bigrid/node/internal';
import { type Command, Option } from 'commander';
import { type ZodType, z } from 'zod';
import { kebabCase } from './kebab-case.ts';

export type Fields = Readonly<Record<string, Field>>;

/** Where to find images that a manifest names by S3 address. */
export const s3RootFlag = [
  '--s3-root <dir>',
  'Local copy of the buckets that s3:// addresses in a manifest name',
] as const;

/** Score from which images are unsure. */
export const unsureFlag = [
  '--unsure <rule>',
  'Rule for a lower threshold: images between the two are unsure; or none',
] as const;

/** Accepts images that are probably defective or already learnt. */
export const allowSuspectFlag = [
  '--allow-suspect',
  'Accept images that score far above the threshold or were already learnt',
] as const;

/** The area to ignore, in one mask for all images. */
export const oneMaskFlag = [
  '--mask <file>',
  'Mask for this run: an image, white where to ignore',
] as const;

/** The area to ignore, in one mask or one per class. */
export const maskFlag = [
  '--mask <path>',
  'Mask: an image, white where to ignore, or a folder of CLASS.png',
] as const;

/** The options that a schema defines, in order. */
export function fieldsOf(schema: ZodType): Fields {
  return z.toJSONSchema(schema, { io: 'input' }).properties as Fields;
}

/** Device and threads of the engine. */
export const machineFields = fieldsOf(engineOptionsSchema);

/** Next to a longer flag, 80 columns have no room for the description, so its values are listed there instead. */
const LONGEST_FLAG = 31;

/**
 * Adds a `--kebab-case` flag per field, so that name, range, default and description have one source. The flag of a list may be
 * repeated.
 */
export function addFlags(command: Command, fields: Fields): Command {
  for (const [name, field] of Object.entries(fields)) {
    const flag = `--${kebabCase(name)}`;
    const listed = `${flag} <${field.enum?.join('|') ?? valueName(field.items ?? field)}>`;
    const lists = listed.length <= LONGEST_FLAG;
    const option = new Option(lists ? listed : `${flag} <name>`, describe(field, lists));
    const { items, default: initial } = field;
    if (initial !== undefined) option.default(initial, items && 'none');
    option.argParser((text: string, before: unknown) =>
      items
        ? [...(before as unknown[]), parseFlag(flag, items, text)]
        : parseFlag(flag, field, text),
    );
    command.addOption(option);
  }
  return command;
}

/** `N` for numbers, else what is expected: `path`, `host-name`. */
function valueName({ type, expected = 'text' }: Field): string {
  return type === 'string' ? expected.replace(/^an? /, '').replaceAll(' ', '-') : 'N';
}

/** The fields with these names, in this order. */
export function pick(fields: Fields, names: readonly string[]): Fields {
  return Object.fromEntries(names.map((name) => [name, fields[name] as Field]));
}

/** All fields except those with these names. */
export function omit(fields: Fields, names: readonly string[]): Fields {
  return Object.fromEntries(Object.entries(fields).filter(([name]) => !names.includes(name)));
}

/** Taps as `2,4,10` or as `layer1,layer2`: whole numbers are blocks, everything else is a name. @throws OPTION_INVALID */
export function parseTaps(text: string): (number | string)[] {
  const parts = text.split(',').map((part) => part.trim());
  if (parts.includes('')) {
    fail(
      'OPTION_INVALID',
      `Expected numbers or names, as in a,b,c, for --taps but received ${text || 'nothing'}`,
    );
  }
  return parts.map((part) => (/^(0|[1-9]\d{0,8})$/.test(part) ? Number(part) : part));
}

/** Three numbers as `123.7,116.3,103.5`. @throws OPTION_INVALID */
export function parseNumbers(flag: string, text: string): [number, number, number] {
  const numbers = text.split(',').map((part) => parseNumber(part.trim()));
  if (numbers.length !== 3 || numbers.some(Number.isNaN)) {
    fail(
      'OPTION_INVALID',
      `Expected three numbers, as in 123.7,116.3,103.5, for ${flag} but received ${text || 'nothing'}`,
    );
  }
  return numbers as [number, number, number];
}

/** @throws OPTION_INVALID */
export function parseFlag(flag: string, field: Field, text: string): string | number {
  for (const kind of field.anyOf ?? [field]) {
    const value = isNumber(kind) ? parseNumber(text) : text;
    if (isAllowed(kind, value)) return value;
  }
  return fail(
    'OPTION_INVALID',
    `Expected ${expectation(field)} for ${flag} but received ${text || 'nothing'}`,
  );
}

function isAllowed(field: Field, value: string | number): boolean {
  if (field.const !== undefined) return value === field.const;
  if (typeof value === 'string') return field.enum?.includes(value) ?? true;
  const { minimum = -Infinity, maximum = Infinity, multipleOf = 1 } = field;
  // NaN is outside every range.
  if (!(value >= minimum && value <= maximum)) return false;
  return field.type !== 'integer' || value % multipleOf === 0;
}

/** Accepts plain decimals only: `Number` also accepts an empty string, spaces and `0x10`. */
function parseNumber(text: string): number {
  return /^[+-]?(\d+\.?\d*|\.\d+)$/.test(text) ? Number(text) : Number.NaN;
}

function describe(field: Field, lists: boolean): string {
  const { description = '' } = field;
  if (field.enum && !lists) return `${description} [${field.enum.join(', ')}]`;
  return isNumber(field) ? `${description} [${rangeOf(field).replace('from ', '')}]` : description;
}

function isNumber(field: Field): boolean {
  return field.type === 'integer' || field.type === 'number';
}
