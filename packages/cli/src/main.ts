import { readFileSync } from 'node:fs';
import { readFile, realpath } from 'node:fs/promises';
import { fail } from '@bigrid/errors';
import { Command } from 'commander';
import { forStream, paint, write } from './output.ts';
import { type Context, run } from './run.ts';

const { version, engines }: { version: string; engines: { node: string } } = JSON.parse(
  readFileSync(new URL('../package.json', import.meta.url), 'utf8'),
);

interface CommandModule {
  /** Adds to a command its arguments, flags and help, and what it does. */
  define(command: Command, context: Context): void;
}

interface ListedCommand {
  readonly summary: string;
  /** Loads its module, and with it the engine, which takes longer than the help of all commands. */
  load(): Promise<CommandModule>;
}

/** In the order of the help. */
const commands: Readonly<Record<string, ListedCommand>> = {
  train: {
    summary: 'Learn from good images; write one .onnx file',
    load: () => import('./commands/train.ts'),
  },
  inspect: {
    summary: 'Score images and mark anomalies',
    load: () => import('./commands/inspect.ts'),
  },
  watch: {
    summary: 'Inspect images as they appear in a folder',
    load: () => import('./commands/watch.ts'),
  },
  evaluate: {
    summary: 'Measure a model on labelled test images',
    load: () => import('./commands/evaluate.ts'),
  },
  calibrate: {
    summary: 'Recalibrate the threshold, without training',
    load: () => import('./commands/calibrate.ts'),
  },
  update: {
    summary: 'Learn from false alarms, without forgetting the rest',
    load: () => import('./commands/update.ts'),
  },
  export: {
    summary: 'Write a smaller model file, or one for Triton Inference Server',
    load: () => import('./commands/export.ts'),
  },
  drift: {
    summary: 'Check whether images still look as they did at calibration',
    load: () => import('./commands/drift.ts'),
  },
  info: {
    summary: 'Show how a model was trained and how it judges',
    load: () => import('./commands/info.ts'),
  },
  data: {
    summary: 'Show how a folder of images is read',
    load: () => import('./commands/data.ts'),
  },
  doctor: {
    summary: 'Check this machine, a model file or images for problems',
    load: () => import('./commands/doctor.ts'),
  },
  demo: {
    summary: 'Train, evaluate and inspect on synthetic images',
    load: () => import('./commands/demo.ts'),
  },
};

/** The whole command line; of the commands, the one that the words ask for is defined, the others are only listed. */
export async function program(words: readonly string[], context: Context): Promise<Command> {
  const root = new Command('bigrid')
    .description(
      'Finds anomalies in images after learning from good ones only:\ntrain on a folder, get one .onnx file, inspect new images.',
    )
    .version(version, '--version', 'Print the version')
    .helpOption('-h, --help', 'Print this help')
    .helpCommand('help [command]', 'Print the help of a command')
    .addHelpText(
      'after',
      `
Examples:
  $ bigrid demo                                   try it on synthetic images
  $ bigrid train parts/good --out parts.onnx      learn from good images
  $ bigrid inspect parts.onnx new/ --out marked   inspect others`,
    )
    .exitOverride()
    .configureOutput({
      writeOut: (text) => write(process.stdout, forStream(process.stdout, text)),
      writeErr: (text) => write(process.stderr, forStream(process.stderr, text)),
    })
    .configureHelp({
      styleTitle: (title) => paint('bold', title),
      subcommandTerm: (command) => command.name(),
    })
    .showHelpAfterError('See `bigrid --help`.');
  const asked = words.find((word) => Object.hasOwn(commands, word));
  for (const [name, { summary, load }] of Object.entries(commands)) {
    // It takes over what is configured above.
    const command = root.command(name).description(summary);
    command.showHelpAfterError(`See \`bigrid ${name} --help\`.`);
    if (name === asked) (await load()).define(command, context);
  }
  return root;
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
  const { decodeName } = await import('@bigrid/node/internal');
  const bytes = await readFile('/proc/self/cmdline').catch(() => undefined);
  if (bytes === undefined) return words;
  const all = decodeName(bytes).split('\0').slice(0, -1);
  return all.slice(all.length - words.length);
}

/** So it does with the folder that it runs in, to which paths are resolved: results would go into another. */
async function runInBytes(): Promise<void> {
  if (!process.cwd().includes(LOST)) return;
  const { decodeName } = await import('@bigrid/node/internal');
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
