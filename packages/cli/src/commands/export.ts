import { stat } from 'node:fs/promises';
import { fail } from '@bigrid/errors';
import { type Device, type Exported, exportBundle } from '@bigrid/node';
import { systemPath } from '@bigrid/node/internal';
import type { Command } from 'commander';
import { addFlags, allowSuspectFlag, machineFields } from '../flags.ts';
import { formatBytes, formatScore, print, say } from '../output.ts';
import { showProgress } from '../progress.ts';
import type { Context } from '../run.ts';

interface ExportFlags {
  readonly float16?: boolean;
  readonly int8?: boolean;
  readonly calibrate?: string;
  readonly allowSuspect?: boolean;
  readonly out?: string;
  readonly triton?: string;
  readonly device?: Device;
  readonly threads?: number;
  readonly quiet?: boolean;
}

export function define(command: Command, context: Context): void {
  command
    .argument('<file.onnx>', 'model file that `bigrid train` wrote')
    .option('--float16', 'Store weights in half precision: three quarters of the size')
    .option('--int8', 'Store trained weights in 8 bits: half the size')
    .option('--calibrate <dir>', 'Good images to recalibrate the threshold on')
    .option(...allowSuspectFlag)
    .option('--out <file>', 'Model file to write (.onnx)')
    .option('--triton <dir>', 'Triton model repository to add it to, as the next version');
  addFlags(command, machineFields)
    .option('--quiet', 'Print only the results')
    .addHelpText(
      'after',
      `
The exported model computes in float32, however its weights are stored: it runs
as fast as before, and every command accepts it.

Examples:
  $ bigrid export parts.onnx --int8 --calibrate today --out small.onnx
  $ bigrid export parts.onnx --triton models`,
    )
    .action((file: string, flags: ExportFlags) => runExport(file, flags, context));
}

async function runExport(file: string, flags: ExportFlags, { signal }: Context): Promise<void> {
  const { float16, int8, calibrate: calibrateOn, quiet, ...request } = flags;
  checkFlags(flags);
  const progress = showProgress({ quiet });
  const weights = float16 ? ('float16' as const) : int8 ? ('int8' as const) : undefined;
  let exported: Exported;
  try {
    exported = await exportBundle(file, {
      ...request,
      ...(weights && { weights }),
      ...(calibrateOn !== undefined && { calibrateOn }),
      onEvent: progress.onEvent,
      signal,
    });
  } finally {
    progress.finish();
  }
  const { bundle, version } = exported;
  const size = formatBytes(bundle.bytes.length);
  const before = formatBytes((await stat(systemPath(file))).size);
  const { threshold, rule } = bundle.manifest.calibration;
  const set =
    calibrateOn === undefined ? '' : `, threshold ${formatScore(threshold, threshold)} by ${rule}`;
  if (request.out !== undefined) print(`Wrote ${request.out}: ${size}, from ${before}${set}`);
  if (version !== undefined) print(`Wrote ${version}: ${size}${set}`);
  if (weights && calibrateOn === undefined && !quiet) {
    say('The threshold is unchanged: --calibrate DIR recalibrates it on scores of the new model.');
  }
}

function checkFlags({ float16, int8, calibrate, out, triton }: ExportFlags): void {
  if (float16 && int8) {
    fail('OPTION_INVALID', 'Expected --float16 or --int8 but received both');
  }
  if (out === undefined && triton === undefined) {
    fail('OPTION_INVALID', 'Expected --out FILE or --triton DIR but received neither');
  }
  if (triton === undefined && !float16 && !int8) {
    const received =
      calibrate === undefined ? 'neither' : 'neither: to recalibrate only, use `bigrid calibrate`';
    fail('OPTION_INVALID', `Expected --float16 or --int8 for --out but received ${received}`);
  }
}
