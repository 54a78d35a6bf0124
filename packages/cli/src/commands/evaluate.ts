import { counted, fail } from '@bigrid/errors';
import {
  askForDefects,
  type Device,
  drawThumbnail,
  type EvaluatedImage,
  type Evaluation,
  evaluate,
  type Intervals,
  isAnomalous,
  type LabelledScores,
  type Manifest,
  type Metrics,
  operatingPoints,
  readBundle,
  type SeenImage,
  underLabelledRules,
  underRules,
  version,
  writeAtomically,
} from '@bigrid/node';
import { type Counts, countOutcomes, Report, unsureOf } from '@bigrid/report';
import type { Command } from 'commander';
import { imageRows, imagesCsv, MapFiles, measurementOf, metricsJson } from '../evaluation-files.ts';
import { addFlags, machineFields, maskFlag, s3RootFlag, unsureFlag } from '../flags.ts';
import { describePoints } from '../operating-points.ts';
import { formatScore, paint, print, say, table } from '../output.ts';
import { checkOutputFiles } from '../output-files.ts';
import { showProgress } from '../progress.ts';
import type { Context } from '../run.ts';

interface EvaluateFlags {
  readonly json?: string;
  readonly csv?: string;
  readonly maps?: string;
  readonly report?: string;
  readonly threshold?: string;
  readonly unsure?: string;
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

export function define(command: Command, context: Context): void {
  command
    .argument('<file.onnx>', 'bundle that `bigrid train` wrote')
    .argument(
      '<dir>',
      'folder with test/good, test/DEFECT and ground_truth/DEFECT, of such folders, or in another layout (`bigrid data`)',
    )
    .option('--json <file>', 'File to write metrics and a row per image to, as JSON')
    .option('--csv <file>', 'File to write a row per image to: class, label, score')
    .option('--maps <dir>', 'Folder for raw anomaly maps, float32 (NumPy .npy)')
    .option('--report <file>', 'File to write a report to, one HTML page')
    .option('--threshold <rule>', 'Rule for this run: see `bigrid calibrate --help`')
    .option(...unsureFlag)
    .option(...maskFlag)
    .option(...s3RootFlag);
  addFlags(command, machineFields)
    .option('--quiet', 'Print nothing but results')
    .addHelpText(
      'after',
      `
With --threshold f1 or recall:0.95, labelled defects among these very images set
the threshold of this run.

Examples:
  $ bigrid evaluate bottle.onnx mvtec/bottle --report bottle.html
  $ bigrid evaluate bottle.onnx mvtec/bottle --csv scores.csv --maps maps
  $ bigrid evaluate bottle.onnx mvtec/bottle --threshold recall:0.95
  $ bigrid evaluate bottle.onnx mvtec/bottle --unsure quantile:0.8
  $ bigrid evaluate all.onnx mvtec --json metrics.json`,
    )
    .action((file: string, dir: string, flags: EvaluateFlags) =>
      evaluateBundle(file, dir, flags, context),
    );
}

async function evaluateBundle(
  file: string,
  dir: string,
  { json, csv, maps, report, threshold, unsure, quiet, ...others }: EvaluateFlags,
  { signal }: Context,
): Promise<void> {
  const bundle = await readBundle(file);
  const rules = { threshold, unsure };
  // Rules of labelled defects wait for the scores; all others are refused before them, where they do not fit.
  const isByLabels = askForDefects(rules);
  const first = isByLabels ? bundle.manifest : underRules(bundle.manifest, rules);
  await checkOutputFiles({ '--json': json, '--csv': csv, '--report': report });
  const mapFiles = maps === undefined ? undefined : await MapFiles.in(maps, dir, signal);
  const title = `Evaluation on ${dir}`;
  const page = report === undefined ? undefined : new Report(first, { title, drawThumbnail });
  const progress = showProgress({ quiet });
  let evaluation: Evaluation;
  try {
    const { onEvent } = progress;
    const onImage = async (seen: SeenImage) => {
      await page?.add(seen);
      await mapFiles?.add(seen);
    };
    evaluation = await evaluate(bundle, dir, { onEvent, onImage, signal, ...others });
  } finally {
    progress.finish();
  }
  const { failed, images } = evaluation;
  const labelled = labelledScores(images);
  const manifest = isByLabels ? underLabelledRules(first, rules, labelled) : first;
  const points = operatingPoints(labelled);
  const outcomes = countOutcomes(images, manifest.calibration);
  const doubtful = unsureOf(images, manifest.calibration);
  const rows = imageRows(evaluation, manifest, mapFiles?.written);
  print(metricsTable(evaluation));
  if (json !== undefined) {
    const measured = measurementOf(file, bundle, {
      bigridVersion: version,
      data: dir,
      mask: others.mask,
    });
    const told = { evaluation, manifest, measured, points, outcomes, doubtful, rows };
    await writeAtomically(json, metricsJson(told), { signal });
  }
  if (csv !== undefined) await writeAtomically(csv, imagesCsv(rows), { signal });
  if (page && report !== undefined) {
    await writeAtomically(report, await page.render(evaluation, manifest), { signal });
  }
  if (!quiet) {
    const totals = { good: labelled.good.length, defects: labelled.defects.length };
    const evaluated = { file, dir, mask: others.mask, ...totals };
    say(...remarks(evaluation), verdicts(manifest, outcomes));
    say(...doubts(manifest, outcomes, doubtful), ...describePoints(points, evaluated));
    say(...written(json, csv, report, maps));
  }
  if (failed.length > 0) {
    const all = counted(images.length + failed.length, 'test image');
    fail(
      'SOME_IMAGES_FAILED',
      `Expected to read ${all} but received ${failed.length} that could not be read`,
    );
  }
}

/** A row a class and their mean, each above the bounds of its intervals. */
export function metricsTable({ classes, mean, intervals }: Evaluation): string {
  const columns = [
    { head: 'class' },
    ...names.map((name) => ({ head: heads[name], align: 'right' as const })),
  ];
  const row = (label: string, values: Metrics) => [
    label,
    ...names.map((name) => (Number.isNaN(values[name]) ? '-' : values[name].toFixed(4))),
  ];
  const bounds = (of: Intervals) =>
    (['low', 'high'] as const).map((end) =>
      row(end === 'low' ? '  95 % from' : '  to', boundsOf(of, end)).map((cell) =>
        paint('dim', cell),
      ),
    );
  const rows = Object.entries(classes).flatMap(([name, metrics]) => [
    row(name, metrics),
    ...bounds(intervals.classes[name] as Intervals),
  ]);
  const last = row('mean', mean).map((cell) => paint('bold', cell));
  // Of one class, the mean has the same.
  const several = Object.keys(classes).length > 1;
  return table(columns, [...rows, last, ...(several ? bounds(intervals.mean) : [])]);
}

function boundsOf(intervals: Intervals, end: 'low' | 'high'): Metrics {
  const entries = names.map((name) => [name, intervals[name][end]]);
  return Object.fromEntries(entries);
}

/** What the numbers leave out. */
export function remarks({ images, withoutMask, classes, meanOver }: Evaluation): string[] {
  const all = Object.keys(classes).length;
  const lines: string[] = [];
  if (withoutMask.length > 0) {
    lines.push(
      `${counted(withoutMask.length, 'defective image')} without a usable mask: left out of the pixel metrics.`,
      ...unmasked(images, withoutMask),
    );
  }
  if (names.some((name) => meanOver[name] < all)) {
    lines.push(
      'A dash is a metric that these images do not define: it takes good and defective ones, and masks for pixels.',
    );
  }
  const partial = names.filter((name) => meanOver[name] > 0 && meanOver[name] < all);
  for (const [over, alike] of Map.groupBy(partial, (name) => meanOver[name])) {
    const of = alike.map((name) => heads[name].replace('\n', ' ')).join(', ');
    lines.push(`Mean over the ${over} of ${all} classes that have it: ${of}.`);
  }
  return [
    '',
    `${counted(images.length, 'test image')}. Below each metric: the bounds of its 95 % bootstrap interval.`,
    ...lines,
  ];
}

/** The images without a usable mask, and why. */
function unmasked(images: readonly EvaluatedImage[], withoutMask: readonly string[]): string[] {
  const known = new Map(images.map(({ entry }) => [entry.path, entry]));
  const lines = withoutMask.slice(0, MOST_NAMED).map((path) => {
    const why = known.get(path)?.readMask ? 'its mask marks nothing' : 'it has no mask';
    return `  ${path}: ${why}`;
  });
  const more = withoutMask.length - lines.length;
  return more > 0 ? [...lines, `  and ${more} more`] : lines;
}

/** What the threshold makes of the test images. */
function verdicts(
  { calibration }: Manifest,
  { caught, missed, falseAlarms, passed, unsureDefects, unsureGood }: Counts,
): string {
  const { rule, threshold } = calibration;
  const found = `${caught} of ${counted(caught + missed + unsureDefects, 'defective image')} caught`;
  const alarms = `${counted(falseAlarms, 'false alarm')} among ${falseAlarms + passed + unsureGood} good`;
  return `At the threshold ${formatScore(threshold, threshold)} (${rule}): ${found}, ${alarms}.`;
}

/** Images of a kind that are named on the terminal; all of them are in the report and in the JSON. */
const MOST_NAMED = 10;

/** The images between both thresholds, which are for a person to look at. */
function doubts(
  { calibration }: Manifest,
  { unsureDefects, unsureGood }: Counts,
  doubtful: readonly EvaluatedImage[],
): string[] {
  const { threshold, unsure } = calibration;
  if (!unsure) return [];
  const from = `Unsure from ${formatScore(unsure.threshold, threshold)} (${unsure.rule})`;
  const split = `${unsureDefects} defective, ${unsureGood} good`;
  const named = doubtful
    .slice(0, MOST_NAMED)
    .map(
      ({ entry, score }) => `  ${formatScore(score, threshold)}  ${entry.defect}  ${entry.path}`,
    );
  const others = doubtful.length - named.length;
  return [
    `${from}: ${counted(doubtful.length, 'image')}, ${split}.`,
    ...named,
    ...(others > 0 ? [`  and ${others} more: --report shows them, --json lists them`] : []),
  ];
}

function labelledScores(images: readonly EvaluatedImage[]): LabelledScores {
  const scoresOf = (anomalous: boolean) =>
    images.filter(({ entry }) => isAnomalous(entry) === anomalous).map(({ score }) => score);
  return { good: scoresOf(false), defects: scoresOf(true) };
}

function written(...files: (string | undefined)[]): string[] {
  return files.filter((file) => file !== undefined).map((file) => `Wrote ${file}`);
}
