import { fail } from '@bigrid/errors';
import type { Device, FailedInspection, Verdict } from '@bigrid/node';
import { Command } from 'commander';
import { addFlags, machineFields } from '../flags.ts';
import { HeatMapWriter } from '../heat-maps.ts';
import { count, formatScore, paint, print, say, shorten, table } from '../output.ts';
import { findPictures, resultFiles } from '../pictures.ts';
import { showProgress } from '../progress.ts';
import type { Context } from '../run.ts';

interface InspectFlags {
  readonly out?: string;
  readonly json?: boolean;
  readonly threshold?: string;
  readonly device?: Device;
  readonly threads?: number;
  readonly quiet?: boolean;
}

/** What is kept of a picture once it is inspected: not its pixels. */
type Row =
  | Pick<Verdict, 'path' | 'score' | 'threshold' | 'confidence' | 'isAnomalous'>
  | FailedInspection;

export function inspectCommand(context: Context): Command {
  const command = new Command('inspect')
    .description('Score pictures and mark what is off')
    .argument('<file.onnx>', 'bundle that `bigrid train` wrote')
    .argument('<path...>', 'pictures, and folders to search for pictures')
    .option('--out <dir>', 'Folder for heat maps: what is off, drawn over each picture (PNG)')
    .option('--json', 'Print one JSON object a line, as each picture is done')
    .option('--threshold <rule>', 'Rule for this run: see `bigrid calibrate --help`');
  return addFlags(command, machineFields)
    .option('--quiet', 'Print nothing but results')
    .addHelpText(
      'after',
      `
Confidence that a picture is anomalous goes from 0 to 1 and is 0.5 at the
threshold.

Exit code: 0 when all pictures were read, anomalous or not; 1 when some failed.

Examples:
  $ bigrid inspect parts.onnx new/ --out marked
  $ bigrid inspect parts.onnx new/ --json | jq 'select(.isAnomalous)'`,
    )
    .action((file: string, paths: string[], flags: InspectFlags) =>
      inspectPictures(file, paths, flags, context),
    );
}

async function inspectPictures(
  file: string,
  paths: readonly string[],
  { out, json, threshold, quiet, ...machine }: InspectFlags,
  { signal }: Context,
): Promise<void> {
  const { assertWritable, inspect, readBundle, underRule } = await import('@bigrid/node');
  const opened = await readBundle(file);
  const bundle = { ...opened, manifest: underRule(opened.manifest, threshold) };
  const pictures = await findPictures(paths, out);
  const files = out === undefined ? [] : await resultFiles(pictures, out);
  if (files[0] !== undefined) await assertWritable(files[0]);

  const rows: Row[] = [];
  const heatMaps = new HeatMapWriter(bundle.manifest, signal);
  const progress = showProgress({ quiet, printing: json === true });
  const advance = progress.count('inspecting', pictures.length);
  try {
    const options = { signal, ...machine };
    for await (const outcome of inspect(
      bundle,
      pictures.map(({ path }) => path),
      options,
    )) {
      const target = files[rows.length];
      const row = rowOf(outcome);
      rows.push(row);
      if ('error' in outcome) progress.onEvent({ type: 'skipped', ...outcome });
      else if (target !== undefined) await heatMaps.add(outcome, target);
      if (json) print(jsonLine(row));
      advance(rows.length);
    }
    await heatMaps.finish();
  } finally {
    await heatMaps.settle();
    progress.finish();
  }
  if (!json) print(verdictTable(rows));
  const failed = rows.filter((row) => 'error' in row).length;
  if (!quiet) say('', summary(rows, out));
  if (failed > 0) {
    fail(
      'SOME_PICTURES_FAILED',
      `Expected to read ${count(rows.length, 'picture')} but received ${failed} that could not be read`,
    );
  }
}

function rowOf(outcome: Verdict | FailedInspection): Row {
  if ('error' in outcome) return outcome;
  const { path, score, threshold, confidence, isAnomalous } = outcome;
  return { path, score, threshold, confidence, isAnomalous };
}

function jsonLine(row: Row): string {
  if (!('error' in row)) return JSON.stringify(row);
  const { code, message } = row.error;
  return JSON.stringify({ path: row.path, error: { code, message } });
}

function verdictTable(rows: readonly Row[]): string {
  const columns = [
    { head: 'path' },
    { head: 'score', align: 'right' },
    { head: 'threshold', align: 'right' },
    { head: 'confidence', align: 'right' },
    { head: 'verdict' },
  ] as const;
  const cells = rows.map((row) => {
    if ('error' in row) return [row.path, '-', '-', '-', 'unreadable'];
    const { score, threshold, confidence, isAnomalous } = row;
    return [
      row.path,
      formatScore(score, threshold),
      formatScore(threshold, threshold),
      confidence.toFixed(3),
      isAnomalous ? 'ANOMALOUS' : 'normal',
    ];
  });
  const others = columns
    .slice(1)
    .map(({ head }, column) =>
      Math.max(head.length, ...cells.map((row) => row[column + 1]?.length ?? 0)),
    );
  const left = (process.stdout.columns ?? 80) - others.reduce((sum, width) => sum + width + 2, 0);
  return table(
    columns,
    cells.map(([path = '', ...rest]) => {
      // Programs that read a pipe need whole paths; on a terminal the columns should stay in line.
      const shown = process.stdout.isTTY ? shorten(path, Math.max(16, left)) : path;
      return [shown, ...rest].map((cell) => paintRow(rest.at(-1), cell));
    }),
  );
}

function paintRow(verdict: string | undefined, cell: string): string {
  if (verdict === 'ANOMALOUS') return paint(['red', 'bold'], cell);
  return verdict === 'unreadable' ? paint('yellow', cell) : cell;
}

function summary(rows: readonly Row[], out: string | undefined): string {
  const anomalous = rows.filter((row) => 'isAnomalous' in row && row.isAnomalous).length;
  const unreadable = rows.filter((row) => 'error' in row).length;
  const parts = [`${anomalous} anomalous`, `${rows.length - anomalous - unreadable} normal`];
  if (unreadable > 0) parts.push(`${unreadable} unreadable`);
  const where = out === undefined ? '' : `; heat maps in ${out}`;
  return `${count(rows.length, 'picture')}: ${parts.join(', ')}${where}`;
}
