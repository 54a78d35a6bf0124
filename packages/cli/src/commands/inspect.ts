import { join } from 'node:path';
import { counted, fail, isBigridError } from '@bigrid/errors';
import { type Device, describePromise, drawThumbnail, inspect, readBundle } from '@bigrid/node';
import {
  assertWritable,
  type FileStamp,
  InspectionLog,
  identify,
  stampOf,
  statisticsOf,
  underRules,
  withMask,
  writeAtomically,
} from '@bigrid/node/internal';
import { InspectionReport } from '@bigrid/report';
import { type Command, Option } from 'commander';
import { addFlags, type Fields, machineFields, oneMaskFlag, unsureFlag } from '../flags.ts';
import { HeatMapWriter } from '../heat-maps.ts';
import {
  findImages,
  imagesOnInput,
  type NamedImage,
  ResultFiles,
  STANDARD_INPUT,
} from '../images.ts';
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

const regionFields: Fields = {
  smallestRegion: {
    type: 'number',
    minimum: 0,
    maximum: 1e8,
    description: 'Leave out regions of fewer pixels',
  },
};

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
    .option('--out <dir>', 'Folder for heat maps: what is off, drawn over each image (PNG)')
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
  bundleFile: string,
  paths: readonly string[],
  { out, log: logFile, json, report, failOnAnomaly, ...others }: InspectFlags,
  { signal }: Context,
): Promise<void> {
  const { threshold, unsure, mask, quiet, ...flags } = others;
  const read = await readBundle(bundleFile);
  const opened = mask === undefined ? read : await withMask(read, mask);
  const bundle = { ...opened, manifest: underRules(opened.manifest, { threshold, unsure }) };
  const piped = isStandardInput(paths);
  const { format = json || piped ? 'jsonl' : 'table', ...machine } = flags;
  const listed = piped ? undefined : await findImages(paths, out);
  const targets = out === undefined ? undefined : await ResultFiles.in(out, listed ?? []);
  if (out !== undefined) await assertWritable(join(out, 'heat-map.png'));
  await checkOutputFiles({ '--report': report });
  if (piped && !quiet && process.stdin.isTTY) say('Type paths, one a line; Ctrl-D ends.');
  const log =
    logFile === undefined
      ? undefined
      : await InspectionLog.open(logFile, identify(opened, { threshold, unsure }));

  const tally = new Tally();
  const printer = printResults(format, signal);
  const heatMaps = new HeatMapWriter(bundle.manifest, signal);
  const page =
    report === undefined
      ? undefined
      : new InspectionReport(bundle.manifest, {
          drawThumbnail,
          title: `Inspection of ${piped ? 'standard input' : nameOf(paths)}`,
          total: listed?.length,
          smallestRegion: flags.smallestRegion,
        });
  const progress = showProgress({ quiet, printing: format !== 'table' });
  const advance = listed && progress.count('inspecting', listed.length);

  /** The images that are not in the log yet, each with where its results go. */
  async function* undone(): AsyncGenerator<Job> {
    for await (const image of listed ?? imagesOnInput(signal)) {
      // Also for those that are left out: the others keep their names from run to run.
      const target = await targets?.fileFor(image);
      const file = log ? await stampOf(image.path) : undefined;
      const known = log ? log.take(image.path, file) : undefined;
      if (known) tally.addLogged(known);
      else yield { ...image, target, file };
    }
  }

  let failure: unknown;
  try {
    for await (const outcome of inspect(bundle, undone(), { signal, ...machine })) {
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
  } catch (error) {
    failure = error;
  } finally {
    await heatMaps.settle();
    await log?.close();
    progress.finish();
  }
  // A full disk, a broken engine: what was inspected before is no worse for it.
  const hasResults = !failure || tally.total > 0 || isBigridError(failure, 'CANCELLED');
  if (hasResults && signal.reason !== outputGone) {
    await printer.finish();
    if (!quiet) {
      say('', tally.summary({ out, log: logFile }));
      say(describePromise(bundle.manifest.calibration));
    }
    try {
      if (page && report !== undefined) {
        await writeAtomically(report, await page.render(tally.logged));
        if (!quiet) say(`Wrote ${report}`);
      }
    } catch (error) {
      failure ??= error;
    }
  }
  if (failure) throw failure;
  const unread = `${tally.unreadable} that could not be read`;
  if (failOnAnomaly && tally.anomalous > 0) {
    const all = counted(tally.total, 'normal image');
    const also = tally.unreadable > 0 ? `, and ${unread}` : '';
    fail('ANOMALY_FOUND', `Expected ${all} but received ${tally.anomalous} anomalous${also}`);
  }
  if (tally.unreadable > 0) {
    fail(
      'SOME_IMAGES_FAILED',
      `Expected to read ${counted(tally.total, 'image')} but received ${unread}`,
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
