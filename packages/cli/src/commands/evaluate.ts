import { fail } from '@bigrid/errors';
import type { countOutcomes, Device, Evaluation, Manifest, Metrics } from '@bigrid/node';
import { Command } from 'commander';
import { addFlags, machineFields, maskFlag, s3RootFlag } from '../flags.ts';
import { count, formatScore, paint, print, say, table } from '../output.ts';
import { showProgress } from '../progress.ts';
import { writeReport } from '../report.ts';
import type { Context } from '../run.ts';

interface EvaluateFlags {
  readonly json?: string;
  readonly report?: string;
  readonly threshold?: string;
  readonly mask?: string;
  readonly s3Root?: string;
  readonly device?: Device;
  readonly threads?: number;
  readonly quiet?: boolean;
}

/** Metrics in the order in which they are shown, with heads of two lines: all fit in 80 columns. */
const heads: Readonly<Record<keyof Metrics, string>> = {
  imageAuroc: 'image\nAUROC',
  imageAp: 'image\nAP',
  imageF1Max: 'image\nF1-max',
  pixelAuroc: 'pixel\nAUROC',
  pixelAp: 'pixel\nAP',
  pixelF1Max: 'pixel\nF1-max',
  aupro: 'pixel\nAUPRO',
};
const names = Object.keys(heads) as (keyof Metrics)[];

export function evaluateCommand(context: Context): Command {
  const command = new Command('evaluate')
    .description('Measure a bundle on labelled test pictures')
    .argument('<file.onnx>', 'bundle that `bigrid train` wrote')
    .argument(
      '<dir>',
      'folder with test/good, test/DEFECT and ground_truth/DEFECT, of such folders, or in another layout (`bigrid data`)',
    )
    .option('--json <file>', 'File to write the metrics to, as JSON')
    .option('--report <file>', 'File to write a report to, one HTML page')
    .option('--threshold <rule>', 'Rule for this run: see `bigrid calibrate --help`')
    .option(...maskFlag)
    .option(...s3RootFlag);
  return addFlags(command, machineFields)
    .option('--quiet', 'Print nothing but results')
    .addHelpText(
      'after',
      `
Examples:
  $ bigrid evaluate bottle.onnx mvtec/bottle --report bottle.html
  $ bigrid evaluate all.onnx mvtec --json metrics.json`,
    )
    .action((file: string, dir: string, flags: EvaluateFlags) =>
      evaluateBundle(file, dir, flags, context),
    );
}

async function evaluateBundle(
  file: string,
  dir: string,
  { json, report, threshold, quiet, ...others }: EvaluateFlags,
  { signal }: Context,
): Promise<void> {
  const { assertWritable, countOutcomes, evaluate, readBundle, underRules, writeAtomically } =
    await import('@bigrid/node');
  const bundle = await readBundle(file);
  const manifest = underRules(bundle.manifest, { threshold });
  for (const target of [json, report]) if (target !== undefined) await assertWritable(target);
  const progress = showProgress({ quiet });
  let evaluation: Evaluation;
  try {
    const options = { onEvent: progress.onEvent, signal, ...others };
    evaluation = await evaluate(bundle, dir, options);
    // What is known is shown first: drawing the report takes its time.
    print(metricsTable(evaluation));
    if (json !== undefined) await writeAtomically(json, metricsJson(evaluation), { signal });
    if (report !== undefined) {
      const content = { evaluation, manifest };
      await writeReport(report, `Evaluation on ${dir}`, content, progress, signal);
    }
  } finally {
    progress.finish();
  }
  const { failed, pictures } = evaluation;
  if (!quiet) {
    const outcomes = countOutcomes(pictures, manifest.calibration.threshold);
    say(...remarks(evaluation), verdicts(manifest, outcomes), ...written(json, report));
  }
  if (failed.length > 0) {
    const all = count(pictures.length + failed.length, 'test picture');
    fail(
      'SOME_PICTURES_FAILED',
      `Expected to read ${all} but received ${failed.length} that could not be read`,
    );
  }
}

/** A row a class and their mean. */
export function metricsTable({ classes, mean }: Evaluation): string {
  const columns = [
    { head: 'class' },
    ...names.map((name) => ({ head: heads[name], align: 'right' as const })),
  ];
  const row = (label: string, metrics: Metrics) => [
    label,
    ...names.map((name) => (Number.isNaN(metrics[name]) ? '-' : metrics[name].toFixed(4))),
  ];
  const rows = Object.entries(classes).map(([name, metrics]) => row(name, metrics));
  return table(columns, [...rows, row('mean', mean).map((cell) => paint('bold', cell))]);
}

/** What the numbers leave out. */
export function remarks({ pictures, withoutMask, mean }: Evaluation): string[] {
  const lines: string[] = [];
  if (withoutMask.length > 0) {
    lines.push(
      `${count(withoutMask.length, 'defective picture')} without a usable mask: left out of the pixel metrics.`,
    );
  }
  if (names.some((name) => Number.isNaN(mean[name]))) {
    lines.push(
      'A dash is a metric that these pictures do not define: it takes good and defective ones, and masks for pixels.',
    );
  }
  return ['', `${count(pictures.length, 'test picture')}.`, ...lines];
}

/** What the threshold makes of the test pictures. */
function verdicts(
  { calibration }: Manifest,
  { caught, missed, falseAlarms, passed }: ReturnType<typeof countOutcomes>,
): string {
  const { rule, threshold } = calibration;
  const found = `${caught} of ${count(caught + missed, 'defective picture')} caught`;
  const alarms = `${count(falseAlarms, 'false alarm')} among ${falseAlarms + passed} good`;
  return `At the threshold ${formatScore(threshold, threshold)} (${rule}): ${found}, ${alarms}.`;
}

/** JSON knows no NaN: a metric that is not defined becomes null. */
function metricsJson({ classes, mean }: Evaluation): string {
  return `${JSON.stringify({ classes, mean }, undefined, 2)}\n`;
}

function written(...files: (string | undefined)[]): string[] {
  return files.filter((file) => file !== undefined).map((file) => `Wrote ${file}`);
}
