import { join } from 'node:path';
import { counted, fail, isBigridError } from '@bigrid/errors';
import { type Device, describePromise, drawThumbnail, inspect } from '@bigrid/node';
import {
  assertWritable,
  type FileStamp,
  InspectionLog,
  identify,
  requestSchemas,
  stampOf,
  statisticsOf,
  writeAtomically,
} from '@bigrid/node/internal';
import { InspectionReport } from '@bigrid/report';
import { type Command, Option } from 'commander';
import {
  addFlags,
  type Fields,
  fieldsOf,
  machineFields,
  oneMaskFlag,
  unsureFlag,
} from '../flags.ts';
import { HeatMapWriter } from '../heat-maps.ts';
import {
  findImages,
  imagesOnInput,
  type NamedImage,
  ResultFiles,
  STANDARD_INPUT,
} from '../images.ts';
import { openModel } from '../open-model.ts';
import { say } from '../output.ts';
import { checkOutputFiles } from '../output-files.ts';
import { showProgress } from '../progress.ts';
import { type Format, isLasting, printResults, rowOf } from '../results.ts';
import { type Context, outputGone } from '../run.ts';
import { Tally } from '../tally.ts';

interface InspectFlags {
  readonly out?: string;
  readonly report?: string;
  readonly failOnAnomaly?: boolean;
  readonly log?: string;
  readonly format?: Format;
  readonly json?: boolean;
  readonly threshold?: string;
  readonly unsure?: string;
  readonly mask?: string;
  readonly smallestRegion?: number;
  readonly device?: Device;
  readonly threads?: number;
  readonly quiet?: boolean;
}

const formats: readonly Format[] = ['table', 'jsonl', 'json', 'csv'];

const formatField: Fields = {
  format: { type: 'string', enum: formats, description: 'How to print results' },
};

const regionFields = fieldsOf(requestSchemas.inspect.pick({ smallestRegion: true }));

/** An image to inspect, with where its results go. */
interface Job extends NamedImage {
  /** File of its heat map. */
  readonly target: string | undefined;
  readonly file: FileStamp | undefined;
}

export function define(command: Command, context: Context): void {
  command
    .argument('<file.onnx>', 'bundle that `bigrid train` wrote')
    .argument('<path...>', 'images, and folders to search for them; - for standard input')
    .option('--out <dir>', 'Folder for heat maps, drawn over each image (PNG)')
    .option('--report <file>', 'File for a gallery, the highest score first: one HTML page')
    .option('--log <file>', 'Append a line an image; leave out what has its line already')
    .addOption(new Option('--json', 'Short for --format jsonl').conflicts('format'))
    .option('--threshold <rule>', 'Rule for this run: see `bigrid calibrate --help`')
    .option(...unsureFlag)
    .option(...oneMaskFlag);
  addFlags(command, { ...formatField, ...regionFields, ...machineFields })
    .option('--fail-on-anomaly', 'Exit with code 2 where an image is anomalous')
    .option('--quiet', 'Print nothing but results')
    .addHelpText(
      'after',
      `
Confidence that an image is anomalous goes from 0 to 1 and is 0.5 at the
threshold.

From standard input come paths, one a line or between NULs, or the bytes of
images, one after another. With jsonl, their format, json and csv, each is
printed as it is done.

With --log, a run that was interrupted or killed goes on where it was.

Exit code: 0 when all images were read, anomalous or not; 1 when some failed;
with --fail-on-anomaly, 2 when at least one is anomalous (unsure is not).

Examples:
  $ bigrid inspect parts.onnx new/ --out marked
  $ bigrid inspect parts.onnx new/ --report new.html
  $ bigrid inspect parts.onnx new/ --json | jq 'select(.isAnomalous)'
  $ bigrid inspect parts.onnx all/ --log all.jsonl --format csv > all.csv
  $ find new -name '*.png' -print0 | bigrid inspect parts.onnx -
  $ curl -s http://camera/still.jpg | bigrid inspect parts.onnx -
  $ ffmpeg -i line.mp4 -f image2pipe -c:v png - | bigrid inspect parts.onnx -`,
    )
    .action((file: string, paths: string[], flags: InspectFlags) =>
      inspectImages(file, paths, flags, context),
    );
}

async function inspectImages(
  file: string,
  paths: readonly string[],
  flags: InspectFlags,
  { signal }: Context,
): Promise<void> {
  const run = await prepare(file, paths, flags, signal);
  let failure = await inspectAll(run);
  const { tally } = run;
  // A full disk, a broken engine: what was inspected before is no worse for it.
  const hasResults = !failure || tally.total > 0 || isBigridError(failure, 'CANCELLED');
  if (hasResults && signal.reason !== outputGone) {
    try {
      await conclude(run);
    } catch (error) {
      failure ??= error;
    }
  }
  if (failure) throw failure;
  failOn(tally, flags.failOnAnomaly);
}

type Run = Awaited<ReturnType<typeof prepare>>;

/** Opens all that a run reads and writes, so that what is wrong with its flags is said before it begins. */
async function prepare(
  file: string,
  paths: readonly string[],
  { json, failOnAnomaly: _, ...flags }: InspectFlags,
  signal: AbortSignal,
) {
  const { out, report, quiet, threshold, unsure, smallestRegion, device, threads } = flags;
  const { opened, bundle } = await openModel(file, flags);
  const piped = isStandardInput(paths);
  const { format = json || piped ? 'jsonl' : 'table' } = flags;
  const listed = piped ? undefined : await findImages(paths, out);
  const targets = out === undefined ? undefined : await ResultFiles.in(out, listed ?? []);
  if (out !== undefined) await assertWritable(join(out, 'heat-map.png'));
  await checkOutputFiles({ '--report': report });
  if (piped && !quiet && process.stdin.isTTY) say('Type paths, one a line; Ctrl-D ends.');
  const log =
    flags.log === undefined
      ? undefined
      : await InspectionLog.open(flags.log, identify(opened, { threshold, unsure }));
  const title = `Inspection of ${piped ? 'standard input' : nameOf(paths)}`;
  const reportOptions = { drawThumbnail, title, total: listed?.length, smallestRegion };
  const progress = showProgress({ quiet, printing: format !== 'table' });
  return {
    flags,
    bundle,
    images: listed ?? imagesOnInput(signal),
    inspecting: { signal, smallestRegion, device, threads },
    targets,
    log,
    page: report === undefined ? undefined : new InspectionReport(bundle.manifest, reportOptions),
    heatMaps: new HeatMapWriter(bundle.manifest, signal),
    printer: printResults(format, signal),
    progress,
    advance: listed && progress.count('inspecting', listed.length),
    tally: new Tally(),
  };
}

/** The images that are not in the log yet, each with where its results go. */
async function* undone({ images, targets, log, tally }: Run): AsyncGenerator<Job> {
  for await (const image of images) {
    // Also for those that are left out: the others keep their names from run to run.
    const target = await targets?.fileFor(image);
    const file = log ? await stampOf(image.path) : undefined;
    const known = log ? log.take(image.path, file) : undefined;
    if (known) tally.addLogged(known);
    else yield { ...image, target, file };
  }
}

/** @returns the error that ended it too early */
async function inspectAll(run: Run): Promise<unknown> {
  const { bundle, inspecting, log, page, heatMaps, printer, progress, advance, tally } = run;
  try {
    for await (const outcome of inspect(bundle, undone(run), inspecting)) {
      const { target, file } = outcome.entry;
      const row = rowOf(outcome);
      const logged = log && { ...row, ...statisticsOf(outcome) };
      const record = async () => logged && log?.append(logged, isLasting(row) ? file : undefined);
      if ('error' in outcome)
        progress.onEvent({ type: 'skipped', path: outcome.path, error: outcome.error });
      if ('error' in outcome || target === undefined) await record();
      else await heatMaps.add(outcome, target, record);
      await page?.add(outcome);
      await printer.add(row);
      tally.add(row);
      advance?.(tally.total, tally.logged);
    }
    await heatMaps.finish();
    return undefined;
  } catch (error) {
    return error;
  } finally {
    await heatMaps.settle();
    await log?.close();
    progress.finish();
  }
}

/** Prints what a run came to, and writes its report. @throws OUTPUT_UNWRITABLE */
async function conclude({ flags, bundle, printer, tally, page }: Run): Promise<void> {
  const { out, log, report, quiet } = flags;
  await printer.finish();
  if (!quiet) {
    say('', tally.summary({ out, log }), describePromise(bundle.manifest.calibration));
  }
  if (page === undefined || report === undefined) return;
  await writeAtomically(report, await page.render(tally.logged));
  if (!quiet) say(`Wrote ${report}`);
}

/** @throws ANOMALY_FOUND where asked for; SOME_IMAGES_FAILED */
function failOn({ total, anomalous, unreadable }: Tally, onAnomaly: boolean | undefined): void {
  const unread = `${unreadable} that could not be read`;
  if (onAnomaly && anomalous > 0) {
    const all = counted(total, 'normal image');
    const also = unreadable > 0 ? `, and ${unread}` : '';
    fail('ANOMALY_FOUND', `Expected ${all} but received ${anomalous} anomalous${also}`);
  }
  if (unreadable > 0) {
    fail(
      'SOME_IMAGES_FAILED',
      `Expected to read ${counted(total, 'image')} but received ${unread}`,
    );
  }
}

/** @throws OPTION_INVALID when there are other paths beside it */
function isStandardInput(paths: readonly string[]): boolean {
  if (!paths.includes(STANDARD_INPUT)) return false;
  if (paths.length > 1) {
    fail(
      'OPTION_INVALID',
      `Expected ${STANDARD_INPUT} alone, for standard input, but received ${paths.join(' ')}`,
    );
  }
  return true;
}

/** The shell may have made hundreds of paths of one pattern. */
function nameOf(paths: readonly string[]): string {
  const others = paths.length - 1;
  return others > 2 ? `${paths[0]} and ${others} more` : paths.join(', ');
}
