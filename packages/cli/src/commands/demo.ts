import { dirname, join, sep } from 'node:path';
import { counted } from '@bigrid/errors';
import type { Evaluation } from '@bigrid/node';
import { trainOptionsSchema } from '@bigrid/node/internal';
import type { Command } from 'commander';
import type { Shown } from '../demo/images.ts';
import { type Demo, type Made, makeEverything, places } from '../demo/make.ts';
import { describeTraining } from '../describe-training.ts';
import { addFlags, fieldsOf, machineFields, pick, s3RootFlag } from '../flags.ts';
import { metricsTable, remarks } from '../metrics-table.ts';
import { facts, paint, print, say, shellQuoted } from '../output.ts';
import { ownCommand } from '../own-command.ts';
import { showProgress } from '../progress.ts';
import type { Context } from '../run.ts';

interface DemoFlags {
  readonly data?: string;
  readonly s3Root?: string;
  readonly out: string;
  readonly seed: number;
  readonly epochs?: number;
  readonly threads?: number;
  readonly quiet?: boolean;
}

export function define(command: Command, context: Context): void {
  command
    .option('--data <dir>', 'Folder of images (default: a generated synthetic product line)')
    .option(...s3RootFlag)
    .option('--out <dir>', 'Folder for all results', 'bigrid-demo');
  addFlags(command, pick(fieldsOf(trainOptionsSchema), ['seed', 'epochs']));
  addFlags(command, pick(machineFields, ['threads']))
    .option('--quiet', 'Print only the results')
    .addHelpText(
      'after',
      `
Examples:
  $ bigrid demo
  $ bigrid demo --data mvtec/bottle --out bottle-demo`,
    )
    .action((flags: DemoFlags) => runDemo(flags, context));
}

async function runDemo(flags: DemoFlags, { signal }: Context): Promise<void> {
  const progress = showProgress(flags);
  const demo: Demo = {
    ...flags,
    data: flags.data ?? join(flags.out, 'flange'),
    isSynthetic: flags.data === undefined,
    signal,
    onEvent: progress.onEvent,
    note: (...lines) => (flags.quiet ? undefined : say(...lines)),
  };
  const made = await makeEverything(demo).finally(() => progress.finish());
  conclude(demo, made);
}

/** A folder of evaluated images, or the one that contains them all. */
function imagesToTry(data: string, evaluation: Evaluation | undefined): string {
  const path = evaluation?.images.at(-1)?.entry.path;
  if (path === undefined) return data;
  const test = join(data, 'test');
  return path.startsWith(join(test, sep)) ? test : dirname(path);
}

function conclude(demo: Demo, made: Made): void {
  const { evaluation, missing, shown, heatMaps } = made;
  const { manifest } = made.bundle;
  const { bundle, report, heatMaps: folder } = places(demo);
  const { data, note } = demo;
  print('', `${paint('bold', 'Model')}: ${describeTraining(manifest)}`);
  if (evaluation) {
    print('', metricsTable(evaluation));
    note(...remarks(evaluation));
  } else {
    print('', `Not evaluated: ${missing}`);
    if (shown) print(`The report shows ${describeShown(shown)}.`);
  }
  print(
    '',
    paint('bold', 'Files:'),
    facts([
      ['images', data],
      ['model', bundle],
      ['report', report],
      ['heat maps', `${folder} (${heatMaps})`],
    ]),
    '',
    paint('bold', 'Next:'),
    `  ${ownCommand()} info ${shellQuoted(bundle)}`,
    `  ${ownCommand()} inspect ${shellQuoted(bundle)} ${shellQuoted(imagesToTry(data, evaluation))} --out ${shellQuoted(join(demo.out, 'inspected'))}`,
    `  ${ownCommand()} train FOLDER-OF-GOOD-IMAGES --out mine.onnx`,
  );
}

function describeShown({ entries, areUnseen }: Shown): string {
  const images = counted(entries.length, 'image');
  return areUnseen
    ? `${images} that the model was not trained on`
    : `${images} that the model was trained on, which score lower than new ones`;
}
