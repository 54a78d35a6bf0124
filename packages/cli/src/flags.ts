import { fail } from '@bigrid/errors';
import type { Device } from '@bigrid/node';
import { type Command, Option } from 'commander';
import type { ZodType } from 'zod';

/** One option of a schema, as JSON Schema describes it. */
export interface Field {
  readonly type?: string;
  readonly description?: string;
  readonly default?: unknown;
  readonly enum?: readonly string[];
  readonly minimum?: number;
  readonly maximum?: number;
  readonly multipleOf?: number;
  /** What the help shows for the value, where listing its values would take the line. */
  readonly placeholder?: string;
}

export type Fields = Readonly<Record<string, Field>>;

/** Written out: loading the engine to ask it would make the help wait. */
const devices: readonly Device[] = ['cpu', 'cuda', 'webgpu', 'coreml', 'dml'];

/** What the engine computes with: a matter of the machine and not of training, so that no schema has it. */
export const machineFields: Fields = {
  device: {
    type: 'string',
    enum: devices,
    placeholder: 'name',
    description: `Where to compute: ${devices.join(', ')} (default: cpu)`,
  },
  threads: {
    type: 'integer',
    minimum: 1,
    maximum: 1024,
    description: 'Threads to compute with (default: as many as there are cores)',
  },
};

/** The options that a schema defines, in its order. */
export async function fieldsOf(schema: ZodType): Promise<Fields> {
  const { z } = await import('zod');
  return z.toJSONSchema(schema, { io: 'input' }).properties as Fields;
}

/** Adds `--kebab-case` flags for fields, so that name, range, default and description have one source. */
export function addFlags(command: Command, fields: Fields): Command {
  for (const [name, field] of Object.entries(fields)) {
    const flag = `--${kebabCase(name)}`;
    const option = new Option(`${flag} <${placeholder(field)}>`, describe(field));
    if (field.default !== undefined) option.default(field.default);
    command.addOption(option.argParser((text: string) => parseFlag(flag, field, text)));
  }
  return command;
}

/** The fields of that name, in this order. */
export function pick(fields: Fields, names: readonly string[]): Fields {
  return Object.fromEntries(names.map((name) => [name, fields[name] as Field]));
}

/** The fields of any other name. */
export function omit(fields: Fields, names: readonly string[]): Fields {
  return Object.fromEntries(Object.entries(fields).filter(([name]) => !names.includes(name)));
}

/** `localResolution` as `local-resolution`. */
export function kebabCase(name: string): string {
  return name.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}

/** @throws OPTION_INVALID */
export function parseFlag(flag: string, field: Field, text: string): string | number {
  const value = isNumber(field) ? parseNumber(text) : text;
  if (!isAllowed(field, value)) {
    fail(
      'OPTION_INVALID',
      `Expected ${expectation(field)} for ${flag} but received ${text || 'nothing'}`,
    );
  }
  return value;
}

function isAllowed(field: Field, value: string | number): boolean {
  if (typeof value === 'string') return field.enum?.includes(value) ?? true;
  const { minimum = -Infinity, maximum = Infinity, multipleOf = 1 } = field;
  // NaN is in no range.
  if (!(value >= minimum && value <= maximum)) return false;
  return field.type !== 'integer' || value % multipleOf === 0;
}

/** Plain decimals alone: `Number` also takes an empty text, spaces and `0x10`. */
function parseNumber(text: string): number {
  return /^[+-]?(\d+\.?\d*|\.\d+)$/.test(text) ? Number(text) : Number.NaN;
}

/** `an integer from 1 to 10000`, `one of normal, abnormal, both`. */
function expectation(field: Field): string {
  if (field.enum)
    return field.enum.length === 1 ? `${field.enum[0]}` : `one of ${field.enum.join(', ')}`;
  if (field.multipleOf) return `a multiple of ${field.multipleOf} ${range(field)}`;
  return `${field.type === 'integer' ? 'an integer' : 'a number'} ${range(field)}`;
}

function describe(field: Field): string {
  const { description = '' } = field;
  return isNumber(field) ? `${description} [${range(field).replace('from ', '')}]` : description;
}

function range({ minimum, maximum }: Field): string {
  return `from ${minimum} to ${maximum}`;
}

function placeholder(field: Field): string {
  return field.placeholder ?? field.enum?.join('|') ?? 'N';
}

function isNumber(field: Field): boolean {
  return field.type === 'integer' || field.type === 'number';
}
