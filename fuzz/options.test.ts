import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { allCommands, anyWords, enterWorkshop, faultOf, valueOptions, wordsOf } from './options.ts';

/** A few seconds in total on an idle machine. */
const timeout = 300_000;

const commands = await allCommands();
let leave: () => void;

beforeAll(async () => {
  leave = await enterWorkshop();
}, timeout);
afterAll(() => leave());

test('there are commands with options', () => {
  expect(commands.map((command) => command.name())).toContain('inspect');
  expect(commands.flatMap(valueOptions).length).toBeGreaterThan(40);
});

test.each(commands.map((command) => [command.name(), command] as const))(
  'each option of %s accepts a strange value or refuses it by name',
  async (_, command) => {
    for (const { long } of valueOptions(command)) {
      for (const text of ['', '☃ no such thing']) {
        const words = wordsOf(command, { [long ?? '']: text });
        expect(await faultOf(words), words.join(' ')).toBeUndefined();
      }
    }
  },
  timeout,
);

test(
  'any text for any option or argument works or fails with an error of the registry',
  async () => {
    const property = fc.asyncProperty(anyWords(commands), async (words) => {
      expect(await faultOf(words)).toBeUndefined();
    });
    await fc.assert(property, { numRuns: 40 });
  },
  timeout,
);
