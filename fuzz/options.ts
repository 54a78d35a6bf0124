import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isBigridError } from '@bigrid/errors';
import { train } from '@bigrid/node';
import { type Command, CommanderError, type Option } from 'commander';
import fc from 'fast-check';
import { program } from '../packages/cli/src/main.ts';
import { writeSyntheticLine } from '../packages/node/src/synthetic/line.ts';

/** Exit code of internal errors, in the registry or not. */
const INTERNAL = 70;
/** A command that works is stopped after this long: whether it succeeds is for other tests. */
const MILLISECONDS = 200;
/** A command that has not ended this long after it was stopped hangs. */
const HANG_SECONDS = 60;

/** Existing files, by the names of arguments in the help. */
const things: Readonly<Record<string, string>> = {
  'file.onnx': 'part.onnx',
  dir: 'part',
  'log.jsonl': 'log.jsonl',
  path: 'part/test/good',
};

/** Options that keep the work small, and required options. */
const small: Readonly<Record<string, string>> = {
  '--data': 'part',
  '--epochs': '1',
  '--out': 'out.onnx',
  '--size': '64',
  '--threads': '1',
};

/** The same for single commands. */
const smallFor: Readonly<Record<string, typeof small>> = {
  serve: { '--data': 'server', '--port': '0' },
};

/** Makes a folder with a product and a model of it the working directory. @returns undoes it */
export async function enterWorkshop(): Promise<() => void> {
  const before = process.cwd();
  const folder = mkdtempSync(join(tmpdir(), 'bigrid-options-'));
  process.chdir(folder);
  await writeSyntheticLine('part', { goodCount: 8, testGoodCount: 1, defectCount: 1, size: 64 });
  await train('part', { out: 'part.onnx', epochs: 1, size: 64, threads: 1 });
  await faultOf(['inspect', 'part.onnx', 'part/test', '--log=log.jsonl', '--threads=1']);
  return () => {
    process.chdir(before);
    rmSync(folder, { recursive: true, force: true });
  };
}

/** The definitions of all commands. */
export async function allCommands(): Promise<readonly Command[]> {
  const { signal } = new AbortController();
  const names = (await program([], { signal })).commands.map((command) => command.name());
  return Promise.all(
    names.map(async (name) => {
      const { commands } = await program([name], { signal });
      return commands.find((command) => command.name() === name) as Command;
    }),
  );
}

/** The options of a command that take a value. */
export function valueOptions(command: Command): Option[] {
  return command.options.filter(({ required, optional }) => required || optional);
}

/** A valid command line, with other values for some of its arguments, by index, and options, by name. */
export function wordsOf(command: Command, values: Readonly<Record<string, string>>): string[] {
  const given = command.registeredArguments.map((argument, place) => {
    const thing = things[argument.name()];
    if (thing !== undefined) return values[place] ?? thing;
    throw new Error(`Say in fuzz/options.ts what <${argument.name()}> may be`);
  });
  const known = new Set(command.options.map(({ long }) => long ?? ''));
  const others = Object.entries({ ...small, ...smallFor[command.name()], ...values }).filter(
    ([name]) => known.has(name),
  );
  const optional = others.map(([name, value]) => `${name}=${value}`);
  // After `--`, everything is an argument, even if it looks like an option.
  return [command.name(), ...optional, '--', ...given];
}

/** A command with arbitrary text for one or two of its options or arguments. */
export function anyWords(commands: readonly Command[]): fc.Arbitrary<string[]> {
  return fc.constantFrom(...commands).chain((command) => {
    const names = [
      ...command.registeredArguments.map((_, place) => String(place)),
      ...valueOptions(command).map(({ long }) => long ?? ''),
    ];
    const changes = fc.dictionary(fc.constantFrom(...names), anyText, { minKeys: 1, maxKeys: 2 });
    return changes.map((values) => wordsOf(command, values));
  });
}

const strange = [
  ['', ' ', '-', '--', '-1', '0', '-0', '00', '+1', '1.', '.5', '1e3', '1e999', '1e-999'],
  ['NaN', 'Infinity', '0x10', '1_000', '१', '99999999999999999999', '1.2.3', 'null', 'true'],
  ['__proto__', 'constructor', 'toString', 'x'.repeat(300), 'x'.repeat(5000), '.', './', '*'],
  ['%s', '$(x)', '`x`', 'http://x/y', 's3://bucket/key', 'part', 'part.onnx', 'part/test', '\n'],
  [
    'quantile:0.5',
    'quantile:2',
    'sigma:-1',
    'sigma:1e9',
    'max-fpr:0',
    'max-fpr:0.5',
    'f1',
    '4.2',
    'recall:1',
  ],
  ['a,b,c', ',,,', '1,2,3', '2,4,10', '-1,0,300', 'é/é', '\u202e', '\ud83d\ude00', '<b>', '"'],
].flat();

/** Excludes text that leaves the working directory, because `--out` writes anywhere. */
const anyText = fc
  .oneof(
    fc.constantFrom(...strange),
    fc.string({ unit: 'binary', maxLength: 20 }),
    fc.string({ unit: 'grapheme', maxLength: 40 }),
    fc.integer().map(String),
    fc.double().map(String),
  )
  // Arguments of a program cannot contain NUL.
  .filter((text) => !text.includes('\0') && !text.startsWith('/') && !text.includes('..'));

/** Runs a command line in this process. @returns what is wrong with how it ended, if anything is */
export async function faultOf(words: readonly string[]): Promise<string | undefined> {
  const { stdout, stderr, exitCode } = process;
  const writes = [stdout, stderr].map((stream) => ({ stream, write: stream.write }));
  for (const { stream } of writes) stream.write = () => true;
  let timer: NodeJS.Timeout | undefined;
  const hang = new Promise<string>((resolve) => {
    timer = setTimeout(() => resolve('It hangs'), MILLISECONDS + HANG_SECONDS * 1000);
  });
  try {
    return await Promise.race([hang, endOf(words)]);
  } finally {
    clearTimeout(timer);
    for (const { stream, write } of writes) stream.write = write;
    process.exitCode = exitCode;
  }
}

async function endOf(words: readonly string[]): Promise<string | undefined> {
  try {
    const signal = AbortSignal.timeout(MILLISECONDS);
    await (await program(words, { signal })).parseAsync(words, { from: 'user' });
    return undefined;
  } catch (error) {
    if (error instanceof CommanderError) return undefined;
    if (isBigridError(error) && error.exitCode !== INTERNAL) return undefined;
    return String(error instanceof Error ? error.stack : error);
  }
}
