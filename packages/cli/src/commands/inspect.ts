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

/** An image to inspect, and where its results go. */
interface Job extends NamedImage {
  /** File of its heat map. */
  readonly target: string | undefined;
  readonly file: FileStamp | undefined;
}

export function define(command: Command, context: Context): void {
  command
    .argument('<file.onnx>', 'model file that `bigrid train` wrote')
    .argument('<path...>', 'images, or folders to search for images; - for standard input')
    .option('--out <dir>', 'Folder for heat maps: anomalies drawn over each image (PNG)')
    .option('--report <file>', 'Report to write (.html): images sorted by score, highest first')
    .option('--log <file>', 'Append a line per image; skip images that already have one')
    .addOption(new Option('--json', 'Short for --format jsonl').conflicts('format'))
    .option('--threshold <rule>', 'Threshold rule for this run (see `bigrid calibrate --help`)')
    .option(...unsureFlag)
    .option(...oneMaskFlag);
  addFlags(command, { ...formatField, ...regionFields, ...machineFields })
    .option('--fail-on-anomaly', 'Exit with code 2 if any image is anomalous')
    .option('--quiet', 'Print only the results')
    .addHelpText(
      'after',
      `
Confidence that an image is anomalous ranges from 0 to 1 and is 0.5 at the
threshold. An image of something other than the product, such as a black frame
or another part, is also called unknown.

Standard input takes paths, separated by newlines or NULs, or the bytes of one
or more images; results are then printed as jsonl by default. The formats jsonl,
json and csv print each result as soon as it is available.

With --log, an interrupted or killed run resumes where it stopped.

Exit code: 0 if all images could be read, anomalous or not; 1 if some could not;
with --fail-on-anomaly, 2 if at least one is anomalous (unsure does not count).

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
  // A full disk or a failing engine does not invalidate earlier results.
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

/** Opens everything that a run reads and writes, so that invalid flags are reported before it starts. */
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
  if (piped && !quiet && process.stdin.isTTY)
    say('Type paths, one per line; press Ctrl-D to finish.');
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

/** The images not yet in the log, each with where its results go. */
async function* undone({ images, targets, log, tally }: Run): AsyncGenerator<Job> {
  for await (const image of images) {
    // Also for skipped images, so that the others keep their names from run to run.
    const target = await targets?.fileFor(image);
    const file = log ? await stampOf(image.path) : undefined;
    const known = log ? log.take(image.path, file) : undefined;
    if (known) tally.addLogged(known);
    else yield { ...image, target, file };
  }
}

/** @returns the error that ended it early */
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

/** Prints the summary of a run and writes its report. @throws OUTPUT_UNWRITABLE */
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

/** @throws ANOMALY_FOUND if asked for; SOME_IMAGES_FAILED */
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

/** @throws OPTION_INVALID if there are other paths as well */
function isStandardInput(paths: readonly string[]): boolean {
  if (!paths.includes(STANDARD_INPUT)) return false;
  if (paths.length > 1) {
    fail(
      'OPTION_INVALID',
      `Expected ${STANDARD_INPUT}, for standard input, as the only path but received ${paths.join(' ')}`,
    );
  }
  return true;
}

/** The shell may have expanded one pattern to hundreds of paths. */
function nameOf(paths: readonly string[]): string {
  const others = paths.length - 1;
  return others > 2 ? `${paths[0]} and ${others} more` : paths.join(', ');
}
