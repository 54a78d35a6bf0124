import { Command } from 'commander';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { addFlags, fieldsOf, omit, parseFlag, pick } from './flags.ts';
import { kebabCase } from './kebab-case.ts';

const schema = z.object({
  wayOut: z.enum(['left', 'right']).default('left').describe('Where to go'),
  steps: z.int().min(1).max(9).optional().describe('How far'),
  tempo: z.number().min(0).max(2.5).describe('How fast').optional(),
  side: z.int().min(32).max(96).multipleOf(32).optional(),
});

test('every option of a schema becomes a flag with its description, range, choices and default', () => {
  const fields = fieldsOf(schema);
  expect(Object.keys(fields)).toEqual(['wayOut', 'steps', 'tempo', 'side']);
  const command = addFlags(new Command(), fields);
  const help = command.helpInformation();
  expect(help).toContain('--way-out <left|right>  Where to go (default: "left")');
  expect(help).toContain('--steps <N>             How far [1 to 9]');
  expect(help).toContain('--tempo <N>             How fast [0 to 2.5]');
  command.parse(['--steps', '3', '--tempo', '.5', '--way-out', 'right'], { from: 'user' });
  expect(command.opts()).toEqual({ wayOut: 'right', steps: 3, tempo: 0.5 });
});

test('options that are not given are absent, so that the schema decides', () => {
  const command = addFlags(new Command(), fieldsOf(schema));
  command.parse([], { from: 'user' });
  expect(command.opts()).toEqual({ wayOut: 'left' });
});

test.each([
  ['steps', '10', 'an integer from 1 to 9'],
  ['steps', '1.5', 'an integer from 1 to 9'],
  ['steps', '0x5', 'an integer from 1 to 9'],
  ['steps', ' ', 'an integer from 1 to 9'],
  ['tempo', '2.6', 'a number from 0 to 2.5'],
  ['tempo', 'Infinity', 'a number from 0 to 2.5'],
  ['side', '33', 'a multiple of 32 from 32 to 96'],
  ['wayOut', 'up', 'one of left, right'],
])('%s of "%s" is refused', (name, text, expected) => {
  const field = fieldsOf(schema)[name] ?? {};
  expect(() => parseFlag('--flag', field, text)).toThrow(
    expect.objectContaining({
      code: 'OPTION_INVALID',
      message: `Expected ${expected} for --flag but received ${text}`,
    }),
  );
});

test('fields are picked and left out by name', () => {
  const fields = fieldsOf(schema);
  expect(Object.keys(pick(fields, ['side', 'steps']))).toEqual(['side', 'steps']);
  expect(Object.keys(omit(fields, ['side', 'steps']))).toEqual(['wayOut', 'tempo']);
  expect(kebabCase('localResolution')).toBe('local-resolution');
});
