import { counted, fail } from '@bigrid/errors';
import { calibrate, type Device, describePromise, type Manifest, readBundle } from '@bigrid/node';
import type { Command } from 'commander';
import { addFlags, allowSuspectFlag, machineFields, maskFlag, unsureFlag } from '../flags.ts';
import { formatScore, print, say } from '../output.ts';
import { showProgress } from '../progress.ts';
import type { Context } from '../run.ts';

interface CalibrateFlags {
  readonly threshold?: string;
  readonly unsure?: string;
  readonly mask?: string;
  readonly allowSuspect?: boolean;
  readonly out: string;
  readonly device?: Device;
  readonly threads?: number;
  readonly quiet?: boolean;
}

export function define(command: Command, context: Context): void {
  command
    .argument('<file.onnx>', 'model file that `bigrid train` wrote')
    .argument(
      '[dir]',
      'folder of good images not trained on, or folder with test/good or good (default: the scores in the model file)',
    )
    .option('--threshold <rule>', 'Threshold rule (default: that of the model file)')
    .option(...unsureFlag)
    .option(...maskFlag)
    .option(...allowSuspectFlag)
    .requiredOption('--out <file>', 'Model file to write (.onnx)');
  addFlags(command, machineFields)
    .option('--quiet', 'Print only the results')
    .addHelpText(
      'after',
      `
Rules:
  quantile:0.99  this quantile of the scores of good images
  max-fpr:0.05   at most this share of new good images scores above it;
                 needs at least 1 / 0.05 - 1 = 19 good images
  sigma:3        mean of the scores of good images plus 3 standard deviations
  f1             maximises F1; needs labelled defects in DIR/test/DEFECT
  recall:0.95    detects this share of labelled defects; needs them as well
  4.2            a number: the threshold itself

Examples:
  $ bigrid calibrate parts.onnx today --threshold max-fpr:0.05 --out new.onnx
  $ bigrid calibrate parts.onnx --threshold sigma:3 --out new.onnx
  $ bigrid calibrate p.onnx --threshold sigma:4 --unsure sigma:2 --out new.onnx`,
    )
    .action((file: string, dir: string | undefined, flags: CalibrateFlags) =>
      calibrateBundle(file, dir, flags, context),
    );
}

async function calibrateBundle(
  file: string,
  dir: string | undefined,
  { quiet, ...request }: CalibrateFlags,
  { signal }: Context,
): Promise<void> {
  if (dir === undefined && request.threshold === undefined && request.unsure === undefined) {
    fail(
      'OPTION_INVALID',
      'Expected a folder of good images, --threshold or --unsure for calibration but received none',
    );
  }
  const bundle = await readBundle(file);
  const progress = showProgress({ quiet });
  let manifest: Manifest;
  try {
    const options = { ...request, onEvent: progress.onEvent, signal };
    ({ manifest } = await calibrate(bundle, dir === undefined ? options : { ...options, dir }));
  } finally {
    progress.finish();
  }
  print(`Wrote ${request.out}: ${describe(manifest)}`, describePromise(manifest.calibration));
  const { threshold: before, rule } = bundle.manifest.calibration;
  const { scores } = manifest.calibration;
  const above = scores.filter((score) => score > before).length;
  const aboveBefore =
    dir === undefined ? '' : `; ${above} of ${scores.length} images score above it`;
  if (!quiet) say(`The threshold was ${formatScore(before, before)} (${rule})${aboveBefore}.`);
}

function describe({ calibration: { threshold, rule, unsure, scores } }: Manifest): string {
  const above = scores.filter((score) => score > threshold).length;
  const doubt = unsure
    ? `; unsure above ${formatScore(unsure.threshold, threshold)} by ${unsure.rule}`
    : '';
  return `threshold ${formatScore(threshold, threshold)} by ${rule}; ${above} of ${counted(scores.length, 'good image')} above it${doubt}`;
}
