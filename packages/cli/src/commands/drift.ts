import { counted, fail } from '@bigrid/errors';
import { type Drift, drift, type MeasureDrift, readBundle } from '@bigrid/node';
import { requestSchemas, writeAtomically } from '@bigrid/node/internal';
import { describeMove, measureWords, renderDrift } from '@bigrid/report';
import type { Command } from 'commander';
import { addFlags, fieldsOf } from '../flags.ts';
import { paint, print, say, table } from '../output.ts';
import { checkOutputFiles } from '../output-files.ts';
import type { Context } from '../run.ts';

interface DriftFlags {
  readonly last?: number;
  readonly report?: string;
  readonly json?: boolean;
  readonly fail?: boolean;
  readonly quiet?: boolean;
}

export function define(command: Command, context: Context): void {
  command
    .argument('<file.onnx>', 'model file that `bigrid train` wrote')
    .argument('<log.jsonl>', 'log that `bigrid inspect --log` wrote');
  addFlags(command, fieldsOf(requestSchemas.drift))
    .option('--report <file>', 'Report to write (.html), with a chart of each measure over time')
    .option('--json', 'Print everything as JSON')
    .option('--fail', 'Exit with code 3 if a measure moved')
    .option('--quiet', 'Print only the results')
    .addHelpText(
      'after',
      `
Compares scores, brightness, contrast, sharpness and colour of the latest
inspections with those of good images at calibration: the distributions, and how
many values are outside the band that contained 98 of 100. If nothing changed,
at most 1 comparison in 100 reports drift.

Exit code: 0 whether or not a measure moved; with --fail, 3 if one moved.
Programs can also read \`drifted\` in the output of --json.

Examples:
  $ bigrid inspect parts.onnx today/ --log parts.jsonl
  $ bigrid drift parts.onnx parts.jsonl --report drift.html`,
    )
    .action((file: string, log: string, flags: DriftFlags) => showDrift(file, log, flags, context));
}

async function showDrift(
  file: string,
  log: string,
  { last, report, json, fail: failing, quiet }: DriftFlags,
  { signal }: Context,
): Promise<void> {
  const bundle = await readBundle(file);
  await checkOutputFiles({ '--report': report });
  const found = await drift(bundle, log, { last });
  if (json) {
    const { history: _, ...told } = found;
    print(JSON.stringify({ bundle: file, log, ...told }, undefined, 2));
  } else print(...describe(found));
  if (report !== undefined) {
    const page = await renderDrift(found, bundle.manifest, { title: `Drift: ${log}` });
    await writeAtomically(report, page, { signal });
    if (!quiet) say('', `Wrote ${report}`);
  }
  if (failing && found.drifted) {
    const moved = found.measures.filter((measure) => measure.moved).map(({ name }) => name);
    fail(
      'DRIFT_FOUND',
      `Expected images that look as they did at calibration but received drifted ones: ${moved.join(', ')} moved`,
    );
  }
}

function describe(found: Drift): string[] {
  const { measures, drifted, compared, others, skipped } = found;
  const head = `${counted(compared.count, 'inspection')} compared`;
  const rows = measures.map((measure) => {
    const { name, before, now, outside, probability, moved } = measure;
    const cells = [
      measureWords[name].name,
      short(before.median),
      `${short(before.low)} to ${short(before.high)}`,
      short(now.median),
      `${outside.below + outside.above} of ${now.count}`,
      probability < 1e-6 ? '< 1e-6' : probability.toPrecision(2),
      moved ? describeMove(measure) : 'unchanged',
    ];
    return moved ? cells.map((cell) => paint(['red', 'bold'], cell)) : cells;
  });
  const columns = ['measure', 'before', '98 % between', 'now', 'outside', 'p-value', 'verdict'];
  const left = [
    ...(others > 0 ? [`Ignored ${counted(others, 'inspection')} by other models.`] : []),
    ...(skipped > 0 ? [`Ignored ${counted(skipped, 'line')} without a score.`] : []),
  ];
  return [
    `${head}: ${drifted ? paint('bold', 'drifted since calibration') : 'no drift since calibration'}`,
    '',
    table(
      columns.map((name) => ({ head: name })),
      rows,
    ),
    ...(drifted ? ['', paint('bold', 'What to do:'), ...advice(measures)] : []),
    ...(left.length > 0 ? ['', ...left] : []),
  ];
}

/** The measure that moved most shows where to look first. */
function advice(measures: readonly MeasureDrift[]): string[] {
  const moved = measures.filter((measure) => measure.moved).map(({ name }) => name);
  const isMixed = measures.some((measure) => measure.isMixed);
  const causes = {
    brightness: 'Brightness: check lamps, exposure time and aperture.',
    contrast: 'Contrast: check for stray light, haze and dirt on the lens.',
    sharpness: 'Sharpness: check focus, motion and the lens; an increase can be noise.',
    red: 'Colour: check the white balance and the lamps.',
    blue: 'Colour: check the white balance and the lamps.',
    score:
      moved.length === 1
        ? 'Scores only: the images look as before, so check the parts that score highest.'
        : 'Scores: they follow the other measures, unless the parts changed too.',
  };
  const lines = new Set(moved.map((name) => causes[name]));
  return [
    ...[...lines].map((line) => `  ${line}`),
    ...(isMixed
      ? ['  Only some images: check whether they share a lamp, camera, shift or product.']
      : []),
    '  If the change is permanent: `bigrid calibrate FILE DIR` with current good images.',
  ];
}

function short(value: number): string {
  return String(Number(value.toPrecision(3)));
}
