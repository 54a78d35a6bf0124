import { counted, fail } from '@bigrid/errors';
import {
  type Device,
  drawThumbnail,
  type EvaluatedImage,
  type Evaluation,
  evaluate,
  type Manifest,
  readBundle,
  type SeenImage,
  version,
} from '@bigrid/node';
import {
  askForDefects,
  isAnomalous,
  type LabelledScores,
  operatingPoints,
  underLabelledRules,
  underRules,
  writeAtomically,
} from '@bigrid/node/internal';
import { type Counts, countOutcomes, Report, unsureOf } from '@bigrid/report';
import type { Command } from 'commander';
import { imageRows, imagesCsv, MapFiles, measurementOf, metricsJson } from '../evaluation-files.ts';
import { addFlags, machineFields, maskFlag, s3RootFlag, unsureFlag } from '../flags.ts';
import { metricsTable, remarks } from '../metrics-table.ts';
import { describePoints } from '../operating-points.ts';
import { formatScore, print, say } from '../output.ts';
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

export function define(command: Command, context: Context): void {
  command
    .argument('<file.onnx>', 'model file that `bigrid train` wrote')
    .argument(
      '<dir>',
      'folder with test/good, test/DEFECT and ground_truth/DEFECT, folder of such folders, or another layout (see `bigrid data`)',
    )
    .option('--json <file>', 'JSON file to write: metrics and a row per image')
    .option('--csv <file>', 'CSV file to write: a row per image with class, label and score')
    .option('--maps <dir>', 'Folder for anomaly maps (NumPy .npy, float32)')
    .option('--report <file>', 'Report to write (.html)')
    .option('--threshold <rule>', 'Threshold rule for this run (see `bigrid calibrate --help`)')
    .option(...unsureFlag)
    .option(...maskFlag)
    .option(...s3RootFlag);
  addFlags(command, machineFields)
    .option('--quiet', 'Print only the results')
    .addHelpText(
      'after',
      `
With --threshold f1 or recall:0.95, the threshold for this run is chosen on the
labelled defects in the same test images.

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
  // Rules that need labelled defects wait for the scores; invalid rules of other kinds fail before scoring.
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
  checkAllRead(images.length, failed.length);
}

/** @throws SOME_IMAGES_FAILED */
function checkAllRead(read: number, failed: number): void {
  if (failed === 0) return;
  fail(
    'SOME_IMAGES_FAILED',
    `Expected to read ${counted(read + failed, 'test image')} but received ${failed} that could not be read`,
  );
}

/** How the threshold classifies the test images. */
function verdicts(
  { calibration }: Manifest,
  { caught, missed, falsePositives, passed, unsureDefects, unsureGood }: Counts,
): string {
  const { rule, threshold } = calibration;
  const found = `${caught} of ${counted(caught + missed + unsureDefects, 'defective image')} detected`;
  const alarms = `${counted(falsePositives, 'false positive')} among ${falsePositives + passed + unsureGood} good images`;
  return `At the threshold ${formatScore(threshold, threshold)} (${rule}): ${found}, ${alarms}.`;
}

/** Maximum number of images named on the terminal; the report and the JSON have all of them. */
const MOST_NAMED = 10;

/** The images between the two thresholds, for a person to look at. */
function doubts(
  { calibration }: Manifest,
  { unsureDefects, unsureGood }: Counts,
  doubtful: readonly EvaluatedImage[],
): string[] {
  const { threshold, unsure } = calibration;
  if (!unsure) return [];
  const from = `Unsure above ${formatScore(unsure.threshold, threshold)} (${unsure.rule})`;
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
