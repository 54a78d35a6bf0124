import { stat } from 'node:fs/promises';
import { counted } from '@bigrid/errors';
import { type Device, type Update, type UpdatedImage, update } from '@bigrid/node';
import { median, systemPath, trainOptionsSchema } from '@bigrid/node/internal';
import type { Command } from 'commander';
import {
  addFlags,
  allowSuspectFlag,
  fieldsOf,
  machineFields,
  parseFlag,
  s3RootFlag,
} from '../flags.ts';
import {
  formatBytes,
  formatDuration,
  formatScore,
  print,
  say,
  shellQuoted,
  table,
} from '../output.ts';
import { ownCommand } from '../own-command.ts';
import { showProgress } from '../progress.ts';
import type { Context } from '../run.ts';

interface UpdateFlags {
  readonly out: string;
  readonly replay?: ReplayFlag;
  readonly backbone?: string;
  readonly allowSuspect?: boolean;
  readonly s3Root?: string;
  readonly device?: Device;
  readonly threads?: number;
  readonly quiet?: boolean;
}

const { replay: replayField = {} } = fieldsOf(trainOptionsSchema);

/** How many images to keep, and where those kept earlier are. */
interface ReplayFlag {
  readonly replay?: number;
  readonly replayFrom?: string;
}

export function define(command: Command, context: Context): void {
  command
    .argument('<file.onnx>', 'model file that `bigrid train` wrote')
    .argument('<dir>', 'folder of new good images, in any layout that `bigrid train` accepts')
    .requiredOption('--out <file>', 'Model file to write (.onnx)');
  command.option(
    '--replay <N|dir>',
    'Number of images to keep for further updates [0 to 1024] (default: 192); or the folder of images kept earlier, if it is not next to the model file',
    (text: string, before: ReplayFlag = {}): ReplayFlag =>
      /^[+-]?[\d.]+$/.test(text)
        ? { ...before, replay: Number(parseFlag('--replay', replayField, text)) }
        : { ...before, replayFrom: text },
  );
  command
    .option(...s3RootFlag)
    .option(...allowSuspectFlag)
    .option(
      '--backbone <file>',
      'File of the backbone, if the model was not trained with the default one',
    );
  addFlags(command, machineFields)
    .option('--quiet', 'Print only the results')
    .addHelpText(
      'after',
      `
Training keeps some good images next to the model file, such as parts.replay
next to parts.onnx. An update learns them again together with the new images,
holds out a quarter of the new ones, and recalibrates the threshold by the rule
of the model. Kept images are found even if the model file was renamed, as long
as they are in the same folder.

Examples:
  $ bigrid inspect parts.onnx today     review the anomalous images and copy
                                        false positives to false-positives/
  $ bigrid update parts.onnx false-positives --out parts-2.onnx`,
    )
    .action((file: string, dir: string, flags: UpdateFlags) =>
      updateBundle(file, dir, flags, context),
    );
}

async function updateBundle(
  file: string,
  dir: string,
  { quiet, replay, ...request }: UpdateFlags,
  { signal }: Context,
): Promise<void> {
  const started = performance.now();
  const progress = showProgress({ quiet });
  let updated: Update;
  try {
    updated = await update(file, dir, { ...request, ...replay, onEvent: progress.onEvent, signal });
  } finally {
    progress.finish();
  }
  const seconds = (performance.now() - started) / 1000;
  const { size } = await stat(systemPath(request.out));
  const { calibration, updates } = updated.bundle.manifest;
  const learnt = updates?.at(-1)?.images ?? 0;
  print(
    `Wrote ${request.out} (${formatBytes(size)}) in ${formatDuration(seconds)}: ${counted(learnt, 'new good image')} learnt`,
    '',
    compare(updated),
    '',
    describeThreshold(updated.before.threshold, calibration),
  );
  if (!quiet)
    say('', 'Next:', `  ${ownCommand()} inspect ${shellQuoted(request.out)} IMAGES-OR-FOLDERS`);
}

/** A row per kind of image: how many are false positives and what they score, before and after. */
function compare({ bundle, before, images, old }: Update): string {
  const { threshold } = bundle.manifest.calibration;
  const kinds: readonly (readonly [string, readonly UpdatedImage[]])[] = [
    ['new, learnt', images.filter(({ heldOut }) => !heldOut)],
    ['new, held out', images.filter(({ heldOut }) => heldOut)],
    ['old, held out', old],
  ];
  const falsePositives = (scores: readonly number[], limit: number) =>
    `${scores.filter((score) => score > limit).length} of ${scores.length}`;
  return table(
    [
      { head: 'good images' },
      { head: 'false positives before', align: 'right' },
      { head: 'now', align: 'right' },
      { head: 'median score before', align: 'right' },
      { head: 'now', align: 'right' },
    ],
    kinds
      .filter(([, own]) => own.length > 0)
      .map(([name, own]) => {
        const [then, now] = [own.map((one) => one.before), own.map((one) => one.after)];
        return [
          name,
          falsePositives(then, before.threshold),
          falsePositives(now, threshold),
          formatScore(median(then) as number, threshold),
          formatScore(median(now) as number, threshold),
        ];
      }),
  );
}

function describeThreshold(
  before: number,
  { threshold, rule, scores }: { threshold: number; rule: string; scores: readonly number[] },
): string {
  const change = ((threshold - before) / before) * 100;
  const share = Number.isFinite(change) ? ` (${change < 0 ? '' : '+'}${change.toFixed(1)} %)` : '';
  return `The threshold was ${formatScore(before, before)} and is ${formatScore(threshold, threshold)}${share}, by ${rule} from ${counted(scores.length, 'held-out good image')}.`;
}
