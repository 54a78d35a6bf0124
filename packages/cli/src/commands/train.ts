import { existsSync } from 'node:fs';
import { stat } from 'node:fs/promises';
import { type BigridError, fail, isBigridError } from '@bigrid/errors';
import { describePromise, type Manifest, type TrainRequest, train } from '@bigrid/node';
import {
  checkpointPath,
  hasCheckpoint,
  replayPath,
  requestSchemas,
  systemPath,
  trainOptionsSchema,
} from '@bigrid/node/internal';
import type { Command } from 'commander';
import { describeTraining } from '../describe-training.ts';
import {
  addFlags,
  fieldsOf,
  machineFields,
  maskFlag,
  omit,
  parseFlag,
  parseNumbers,
  parseTaps,
  pick,
  s3RootFlag,
  unsureFlag,
} from '../flags.ts';
import { kebabCase } from '../kebab-case.ts';
import { formatBytes, formatDuration, print, say, shellQuoted } from '../output.ts';
import { ownCommand } from '../own-command.ts';
import { showProgress } from '../progress.ts';
import type { Context } from '../run.ts';

const fields = fieldsOf(trainOptionsSchema);

/** Flags for everyday use; all others are for ablations. */
const everyday = ['profile', 'seed', 'epochs', 'size', 'orientation', 'light', 'replay'];
/** A model that training continues from has fixed all options except these. */
const freeWithFrom = ['profile', 'seed', 'epochs', 'replay'];

const checkpointFields = fieldsOf(requestSchemas.train.pick({ checkpointSeconds: true }));

interface TrainFlags extends Omit<TrainRequest, 'out' | 'from' | 'threads'> {
  readonly out: string;
  readonly from?: string;
  readonly threads?: number;
  readonly quiet?: boolean;
}

export function define(command: Command, context: Context): void {
  command
    .argument(
      '<dir>',
      'folder of good images, folder with train/good or good, folder of such folders, or another layout (see `bigrid data`)',
    )
    .requiredOption('--out <file>', 'Model file to write (.onnx)');
  addFlags(command, pick(fields, everyday));
  command.option('--tile <auto|N>', 'Split large images into tiles of N pixels', (text: string) =>
    parseFlag('--tile', fields.tile ?? {}, text),
  );
  command.option(...s3RootFlag);
  command.option('--threshold <rule>', 'Threshold rule (see `bigrid calibrate --help`)');
  command.option(...unsureFlag);
  command.option(...maskFlag);
  command.option('--from <file>', 'Model file to continue training from, with its method');
  command.option('--resume', 'Resume an interrupted training of the same file');
  addFlags(command, { ...checkpointFields, ...machineFields });
  command.option('--quiet', 'Print only the results');
  command
    .optionsGroup('Backbone, the frozen network that extracts features:')
    .option('--backbone <file>', 'Its weights (.safetensors), or any ONNX model (.onnx)')
    .option('--taps <list>', 'Blocks to take features from, by number or name: a,b,c', parseTaps)
    .option('--backbone-mean <r,g,b>', ...rgbFlag('Mean', '--backbone-mean'))
    .option('--backbone-deviation <r,g,b>', ...rgbFlag('Deviation', '--backbone-deviation'));
  command.optionsGroup('Ablations:');
  addFlags(command, omit(fields, [...everyday, 'taps', 'tile']));
  command
    .addHelpText(
      'after',
      `
Examples:
  $ bigrid train parts/good --out parts.onnx
  $ bigrid train boards --out boards.onnx --tile auto
  $ bigrid train mvtec/bottle --out bottle.onnx --seed 7 --grids normal
  $ bigrid train parts --out parts.onnx --backbone resnet50.safetensors
  $ bigrid train parts --out parts.onnx --resume      after an interruption`,
    )
    .action((dir: string, flags: TrainFlags, self: Command) => {
      const conflict = omit(fields, freeWithFrom);
      for (const name of flags.from === undefined ? [] : Object.keys(conflict)) {
        if (self.getOptionValueSource(name) !== 'cli') continue;
        const flag = `--${kebabCase(name)}`;
        fail(
          'OPTION_INVALID',
          `Expected --from without ${flag}, because training keeps the method of ${flags.from}, but received both`,
        );
      }
      return trainBundle(dir, flags, context);
    });
}

/** False for errors that themselves say why the checkpoint cannot be used. */
function isResumable({ code }: BigridError): boolean {
  return code !== 'IN_USE' && code !== 'CHECKPOINT_MISMATCH' && code !== 'CHECKPOINT_INVALID';
}

function rgbFlag(what: string, flag: string) {
  const description = `${what} of the images it was trained on, 0..255`;
  return [description, (text: string) => parseNumbers(flag, text)] as const;
}

async function trainBundle(dir: string, flags: TrainFlags, { signal }: Context): Promise<void> {
  const { quiet, ...request } = flags;
  const started = performance.now();
  const progress = showProgress({ quiet });
  let manifest: Manifest;
  try {
    ({ manifest } = await train(dir, { ...request, onEvent: progress.onEvent, signal }));
  } catch (error) {
    progress.finish();
    const isKept = isBigridError(error) && isResumable(error) && (await hasCheckpoint(flags.out));
    if (isKept) {
      say(
        '',
        `Progress is saved in ${await checkpointPath(flags.out)}: add --resume to continue from there.`,
      );
    }
    throw error;
  }
  progress.finish();
  const seconds = (performance.now() - started) / 1000;
  const size = await stat(systemPath(flags.out));
  print(
    `Wrote ${flags.out} (${formatBytes(size.size)}) in ${formatDuration(seconds)}: ${describeTraining(manifest)}`,
    describePromise(manifest.calibration),
  );
  const kept = await replayPath(flags.out);
  if (!quiet && existsSync(systemPath(kept))) {
    say(`Good images for \`bigrid update\` were saved in ${kept}; --replay 0 saves none.`);
  }
  if (!quiet)
    say('', 'Next:', `  ${ownCommand()} inspect ${shellQuoted(flags.out)} IMAGES-OR-FOLDERS`);
}
