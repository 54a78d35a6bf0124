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
  /** Adds the arguments, flags, help and action to a command. */
  define(command: Command, context: Context): void;
}

interface ListedCommand {
  readonly summary: string;
  /** Loads its module and with it the engine, which takes longer than printing the help of all commands. */
  load(): Promise<CommandModule>;
}

/** In the order in which the help lists them. */
const commands: Readonly<Record<string, ListedCommand>> = {
  train: {
    summary: 'Train on good images and write one .onnx model file',
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
  studio: {
    summary: 'Open the studio in the browser: all of it without a terminal',
    load: () => import('./commands/studio.ts'),
  },
  serve: {
    summary: 'Serve models over HTTP',
    load: () => import('./commands/serve.ts'),
  },
  worker: {
    summary: 'Do the work of a server on another machine',
    load: () => import('./commands/worker.ts'),
  },
  evaluate: {
    summary: 'Measure accuracy on labelled test images',
    load: () => import('./commands/evaluate.ts'),
  },
  calibrate: {
    summary: 'Recalibrate the threshold without retraining',
    load: () => import('./commands/calibrate.ts'),
  },
  update: {
    summary: 'Learn from false positives without forgetting the rest',
    load: () => import('./commands/update.ts'),
  },
  export: {
    summary: 'Export a smaller model, or one for Triton Inference Server',
    load: () => import('./commands/export.ts'),
  },
  drift: {
    summary: 'Check whether images still look as they did at calibration',
    load: () => import('./commands/drift.ts'),
  },
  info: {
    summary: 'Show what a model was trained on and how it judges',
    load: () => import('./commands/info.ts'),
  },
  data: {
    summary: 'Show how a folder of images is interpreted',
    load: () => import('./commands/data.ts'),
  },
  doctor: {
    summary: 'Diagnose problems with this machine, a model file or images',
    load: () => import('./commands/doctor.ts'),
  },
  demo: {
    summary: 'Run the whole workflow on synthetic images',
    load: () => import('./commands/demo.ts'),
  },
};

/** The whole command line. Only the command named in `words` is loaded and defined; the others are only listed. */
export async function program(words: readonly string[], context: Context): Promise<Command> {
  const root = new Command('bigrid')
    .description(
      'Visual anomaly detection that learns from good images only:\ntrain on a folder, get one .onnx file, inspect new images.',
    )
    .version(version, '--version', 'Print the version')
    .helpOption('-h, --help', 'Print this help')
    .helpCommand('help [command]', 'Print the help for a command')
    .addHelpText(
      'after',
      `
Examples:
  $ bigrid demo                                   try it on synthetic images
  $ bigrid train parts/good --out parts.onnx      train on good images
  $ bigrid inspect parts.onnx new/ --out marked   inspect new images`,
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
    // It inherits the configuration above.
    const command = root.command(name).description(summary);
    command.showHelpAfterError(`See \`bigrid ${name} --help\`.`);
    if (name === asked) (await load()).define(command, context);
  }
  return root;
}

/** An older Node.js would fail later with an error that looks like a bug in Bigrid. @throws NODE_TOO_OLD */
export function checkNode(received: string): void {
  const needed = engines.node.replace('>=', '');
  if (received.localeCompare(needed, 'en', { numeric: true }) >= 0) return;
  fail(
    'NODE_TOO_OLD',
    `Expected Node.js ${needed} or newer to run Bigrid but received ${received}`,
  );
}

/** What Node.js substitutes for bytes that are not valid UTF-8. */
const LOST = '\ufffd';

/** Node.js decodes arguments as UTF-8 and so loses file names that are not; Linux provides their bytes. */
async function wordsInBytes(words: readonly string[]): Promise<readonly string[]> {
  if (process.platform !== 'linux' || !words.some((word) => word.includes(LOST))) return words;
  const { decodeName } = await import('@bigrid/node/internal');
  const bytes = await readFile('/proc/self/cmdline').catch(() => undefined);
  if (bytes === undefined) return words;
  const all = decodeName(bytes).split('\0').slice(0, -1);
  return all.slice(all.length - words.length);
}

/** The same applies to the working directory, against which paths are resolved: results would end up elsewhere. */
async function runInBytes(): Promise<void> {
  if (!process.cwd().includes(LOST)) return;
  const { decodeName } = await import('@bigrid/node/internal');
  const folder = decodeName(await realpath('.', 'buffer'));
  process.cwd = () => folder;
}

/** Runs the command line and sets the exit code. */
export async function main(given: readonly string[]): Promise<void> {
  await run(async (context) => {
    checkNode(process.versions.node);
    await runInBytes();
    const words = await wordsInBytes(given);
    await (await program(words, context)).parseAsync(words, { from: 'user' });
  });
}
