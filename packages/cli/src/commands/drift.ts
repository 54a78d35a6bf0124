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
    .argument('<file.onnx>', 'bundle that `bigrid train` wrote')
    .argument('<log.jsonl>', 'log that `bigrid inspect --log` wrote');
  addFlags(command, fieldsOf(requestSchemas.drift))
    .option('--report <file>', 'File to draw how each measure went to (.html)')
    .option('--json', 'Print everything as JSON')
    .option('--fail', 'Exit with code 3 where something moved')
    .option('--quiet', 'Print nothing but results')
    .addHelpText(
      'after',
      `
Scores, brightness, contrast, sharpness and colour of the latest inspections are
compared with those of good images at calibration, as a whole and by how many
are outside the band that held 98 of 100. Of 100 comparisons where nothing
changed, one names something at the most.

Exit code: 0, moved or not; with --fail, 3 where something moved.
Programs can also read \`drifted\` of --json.

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
      `Expected images as at calibration but received others: ${moved.join(', ')} moved`,
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
      moved ? describeMove(measure) : 'as before',
    ];
    return moved ? cells.map((cell) => paint(['red', 'bold'], cell)) : cells;
  });
  const columns = ['measure', 'was', '98 of 100 were', 'is', 'outside', 'by chance', 'verdict'];
  const left = [
    ...(others > 0 ? [`${counted(others, 'inspection')} with other models left out.`] : []),
    ...(skipped > 0 ? [`${counted(skipped, 'line')} without a score left out.`] : []),
  ];
  return [
    `${head}: ${drifted ? paint('bold', 'moved since calibration') : 'as at calibration'}`,
    '',
    table(
      columns.map((name) => ({ head: name })),
      rows,
    ),
    ...(drifted ? ['', paint('bold', 'What to do:'), ...advice(measures)] : []),
    ...(left.length > 0 ? ['', ...left] : []),
  ];
}

/** What moved most tells where to look first. */
function advice(measures: readonly MeasureDrift[]): string[] {
  const moved = measures.filter((measure) => measure.moved).map(({ name }) => name);
  const isMixed = measures.some((measure) => measure.isMixed);
  const causes = {
    brightness: 'Brightness: look at lamps, exposure time and aperture.',
    contrast: 'Contrast: look for stray light, haze and dirt on the lens.',
    sharpness: 'Sharpness: look at focus, motion and the lens; more of it can be noise.',
    red: 'Colour: look at the white balance and the lamps.',
    blue: 'Colour: look at the white balance and the lamps.',
    score:
      moved.length === 1
        ? 'Scores alone: the images look as before, so look at the parts that score highest.'
        : 'Scores: they follow what else moved, unless parts changed too.',
  };
  const lines = new Set(moved.map((name) => causes[name]));
  return [
    ...[...lines].map((line) => `  ${line}`),
    ...(isMixed
      ? ['  Some images alone: look for one of several lamps, cameras, shifts or products.']
      : []),
    '  Where it is to stay so: `bigrid calibrate FILE DIR` with good images of today.',
  ];
}

function short(value: number): string {
  return String(Number(value.toPrecision(3)));
}
