import { readFileSync } from 'node:fs';
import { readFile, realpath } from 'node:fs/promises';
import { fail } from '@bigrid/errors';
import { Command } from 'commander';
import { calibrateCommand } from './commands/calibrate.ts';
import { dataCommand } from './commands/data.ts';
import { demoCommand } from './commands/demo.ts';
import { doctorCommand } from './commands/doctor.ts';
import { driftCommand } from './commands/drift.ts';
import { evaluateCommand } from './commands/evaluate.ts';
import { exportCommand } from './commands/export.ts';
import { infoCommand } from './commands/info.ts';
import { inspectCommand } from './commands/inspect.ts';
import { trainCommand } from './commands/train.ts';
import { updateCommand } from './commands/update.ts';
import { watchCommand } from './commands/watch.ts';
import { type Fields, fieldsOf } from './flags.ts';
import { forStream, paint, write } from './output.ts';
import { type Context, run } from './run.ts';

const { version, engines }: { version: string; engines: { node: string } } = JSON.parse(
  readFileSync(new URL('../package.json', import.meta.url), 'utf8'),
);

/** Commands with flags that a schema defines. */
const commandsWithSchema = ['train', 'update', 'demo'];

/** The whole command line, with the flags of schemas where the words ask for them. */
export async function program(words: readonly string[], context: Context): Promise<Command> {
  // Loading the schema takes longer than all the rest of the help: only who asks for its flags waits for it.
  const fields = words.some((word) => commandsWithSchema.includes(word)) ? await trainFields() : {};
  const commands = [
    trainCommand(context, fields),
    inspectCommand(context),
    watchCommand(context),
    evaluateCommand(context),
    calibrateCommand(context),
    updateCommand(context, fields),
    exportCommand(context),
    driftCommand(context),
    infoCommand(context),
    dataCommand(context),
    doctorCommand(context),
    demoCommand(context, fields),
  ];
  const root = new Command('bigrid')
    .description(
      'Finds what is off in images after learning from good ones only:\ntrain on a folder, get one .onnx file, inspect new images.',
    )
    .version(version, '--version', 'Print the version')
    .helpOption('-h, --help', 'Print this help')
    .helpCommand('help [command]', 'Print the help of a command')
    .addHelpText(
      'after',
      `
Examples:
  $ bigrid demo                                   see it work, on drawn images
  $ bigrid train parts/good --out parts.onnx      learn from good images
  $ bigrid inspect parts.onnx new/ --out marked   inspect others`,
    );
  for (const command of commands) {
    root.addCommand(command.helpOption('-h, --help', 'Print this help'));
  }
  for (const command of [root, ...commands]) {
    command
      .exitOverride()
      .configureOutput({
        writeOut: (text) => write(process.stdout, forStream(process.stdout, text)),
        writeErr: (text) => write(process.stderr, forStream(process.stderr, text)),
      })
      .showHelpAfterError(
        `See \`${command === root ? 'bigrid' : `bigrid ${command.name()}`} --help\`.`,
      )
      .configureHelp({
        styleTitle: (title) => paint('bold', title),
        // Every command has options: saying so each time only pushes the summaries to the right.
        subcommandTerm: (command) =>
          `${command.name()} ${command.usage().replace('[options]', '').trim()}`.trim(),
      });
  }
  return root;
}

async function trainFields(): Promise<Fields> {
  const { trainOptionsSchema } = await import('@bigrid/node');
  return fieldsOf(trainOptionsSchema);
}

/** An older Node.js would fail on the way, with what looks like a fault of ours. @throws NODE_TOO_OLD */
export function checkNode(received: string): void {
  const needed = engines.node.replace('>=', '');
  if (received.localeCompare(needed, 'en', { numeric: true }) >= 0) return;
  fail(
    'NODE_TOO_OLD',
    `Expected Node.js ${needed} or newer to run Bigrid but received ${received}`,
  );
}

/** What Node.js puts in the place of bytes that are no UTF-8. */
const LOST = '\ufffd';

/** Node.js reads arguments as UTF-8, and so loses names of files that are none; Linux has their bytes. */
async function wordsInBytes(words: readonly string[]): Promise<readonly string[]> {
  if (process.platform !== 'linux' || !words.some((word) => word.includes(LOST))) return words;
  const { decodeName } = await import('@bigrid/node');
  const bytes = await readFile('/proc/self/cmdline').catch(() => undefined);
  if (bytes === undefined) return words;
  const all = decodeName(bytes).split('\0').slice(0, -1);
  return all.slice(all.length - words.length);
}

/** So it does with the folder that it runs in, to which paths are resolved: results would go into another. */
async function runInBytes(): Promise<void> {
  if (!process.cwd().includes(LOST)) return;
  const { decodeName } = await import('@bigrid/node');
  const folder = decodeName(await realpath('.', 'buffer'));
  process.cwd = () => folder;
}

/** Runs what the words of the command line ask for, and sets the exit code. */
export async function main(given: readonly string[]): Promise<void> {
  await run(async (context) => {
    checkNode(process.versions.node);
    await runInBytes();
    const words = await wordsInBytes(given);
    await (await program(words, context)).parseAsync(words, { from: 'user' });
  });
}
