import { join, parse, relative } from 'node:path';
import { fail, isBigridError } from '@bigrid/errors';
import { type Bundle, type Device, inspect, type Verdict } from '@bigrid/node';
import {
  assertWritable,
  FolderWatch,
  freeName,
  InspectionLog,
  identify,
  Webhook,
} from '@bigrid/node/internal';
import type { Command } from 'commander';
import { addFlags, type Fields, machineFields, oneMaskFlag, unsureFlag } from '../flags.ts';
import { HeatMapWriter } from '../heat-maps.ts';
import { realPath } from '../images.ts';
import { openModel } from '../open-model.ts';
import { say } from '../output.ts';
import { type Format, printResults } from '../results.ts';
import { type Context, outputGone } from '../run.ts';
import { Tally } from '../tally.ts';
import { WatchedFiles, type WatchedFilesInput } from '../watched-files.ts';

interface WatchFlags {
  readonly good?: string;
  readonly bad?: string;
  readonly unsureTo?: string;
  readonly out?: string;
  readonly newOnly?: boolean;
  readonly log?: string;
  readonly webhook?: string;
  readonly format: Extract<Format, 'lines' | 'jsonl' | 'csv'>;
  readonly threshold?: string;
  readonly unsure?: string;
  readonly mask?: string;
  readonly device?: Device;
  readonly threads?: number;
  readonly quiet?: boolean;
}

const formatField: Fields = {
  format: {
    type: 'string',
    enum: ['lines', 'jsonl', 'csv'] satisfies Format[],
    default: 'lines',
    description: 'How to print results',
  },
};

export function define(command: Command, context: Context): void {
  command
    .argument('<file.onnx>', 'model file that `bigrid train` wrote')
    .argument('<dir>', 'folder to watch, including its subfolders')
    .option('--good <dir>', 'Folder to move normal images to')
    .option('--bad <dir>', 'Folder to move anomalous images to')
    .option('--unsure-to <dir>', 'Folder to move unsure images to')
    .option('--out <dir>', 'Folder for heat maps: anomalies drawn over each image (PNG)')
    .option('--new-only', 'Ignore images that are already there at the start')
    .option('--log <file>', 'Append a line per image; skip images that already have one')
    .option('--webhook <url>', 'URL to post each result to; requires --log')
    .option('--threshold <rule>', 'Threshold rule for this run (see `bigrid calibrate --help`)')
    .option(...unsureFlag)
    .option(...oneMaskFlag);
  addFlags(command, { ...formatField, ...machineFields })
    .option('--quiet', 'Print only the results')
    .addHelpText(
      'after',
      `
An image is inspected once it has not changed for a second and no process has it
open for writing, or when it is renamed into the folder. Unreadable images stay
where they are. An image of something other than the product is called unknown
and goes where its verdict says. Ctrl-C stops after the current image, with exit
code 0.

With --log, the next run continues where this one stopped and repeats nothing.
Results that the webhook did not accept stay in the log and are sent later.

Examples:
  $ bigrid watch parts.onnx camera/
  $ bigrid watch parts.onnx camera/ --good passed --bad rejected --out marked
  $ bigrid watch parts.onnx camera/ --unsure quantile:0.9 --unsure-to review
  $ bigrid watch parts.onnx camera/ --log line1.jsonl --webhook http://mes/in`,
    )
    .action((file: string, dir: string, flags: WatchFlags) => watch(file, dir, flags, context));
}

async function watch(
  file: string,
  dir: string,
  flags: WatchFlags,
  { signal }: Context,
): Promise<void> {
  const { good, bad, unsureTo, out, newOnly, format, quiet } = flags;
  checkWebhook(flags);
  const model = await openModel(file, flags);
  checkUnsure(flags, model.bundle);
  const tell = (text: string) => quiet || say(text);
  const targets = { normal: good, anomalous: bad, unsure: unsureTo };
  const moves = Object.values(targets).filter((path) => path !== undefined);
  await checkTargets(dir, moves);
  if (out !== undefined) await checkHeatMaps(dir, out);
  const folder = await FolderWatch.open(dir, {
    signal,
    newOnly: newOnly === true,
    leaveOut: out === undefined ? moves : [...moves, out],
    onReachable: (reason) =>
      tell(reason ? `Waiting for ${dir}: ${reason}` : `${dir} is available again`),
    onHeld: (path) => tell(`Waiting for ${path}: another process has it open for writing`),
  });
  const tally = new Tally();
  const printer = printResults(format, signal);
  const drawHeatMap = out === undefined ? undefined : heatMapsInto(out, dir, model.bundle, signal);
  const watched = { dir, folder, targets, drawHeatMap, printer, tally, signal };
  try {
    await inspectWatched(watched, model, flags, tell);
  } finally {
    await folder.close();
  }
  if (signal.reason !== outputGone) tell(`\n${tally.summary({})}`);
}

type Model = Awaited<ReturnType<typeof openModel>>;

/** Inspects images as they appear until it is stopped, and passes results to the log and the webhook. */
async function inspectWatched(
  watched: Omit<WatchedFilesInput, 'log' | 'webhook'>,
  { opened, bundle }: Model,
  { log: logFile, webhook: url, threshold, unsure, device, threads }: WatchFlags,
  tell: (text: string) => void,
): Promise<void> {
  const { dir, signal } = watched;
  const log =
    logFile === undefined
      ? undefined
      : await InspectionLog.open(logFile, identify(opened, { threshold, unsure }));
  const webhook =
    log && url !== undefined ? await Webhook.start(log.path, url, { onTrouble: tell }) : undefined;
  const files = new WatchedFiles({ ...watched, log, webhook });
  tell(`Watching ${dir}; press Ctrl-C to stop.`);
  try {
    for await (const outcome of inspect(bundle, files.images(), { signal, device, threads }))
      await files.take(outcome);
  } catch (error) {
    if (!isBigridError(error, 'CANCELLED')) throw error;
  } finally {
    await webhook?.stop();
    const unsent = (await webhook?.waiting()) ?? 0;
    if (unsent > 0) say(`Results not sent yet, kept in ${logFile}: ${unsent} bytes`);
    await log?.close();
  }
}

/** Draws heat maps into a folder, each at the path that its image has in the watched folder. */
function heatMapsInto(out: string, dir: string, { manifest }: Bundle, signal: AbortSignal) {
  const heatMaps = new HeatMapWriter(manifest, signal);
  return async (verdict: Verdict): Promise<string> => {
    const { dir: below, name } = parse(relative(dir, verdict.path));
    const file = await freeName(out, join(below, `${name}.png`));
    await heatMaps.add(verdict, file);
    // The next image must find the name taken.
    await heatMaps.finish();
    return file;
  };
}

/** @throws OPTION_INVALID if there is a webhook without a log */
function checkWebhook({ webhook, log }: WatchFlags): void {
  if (webhook === undefined || log !== undefined) return;
  fail(
    'OPTION_INVALID',
    'Expected --log with --webhook, to keep results until they are sent, but received none',
  );
}

/** @throws OPTION_INVALID if unsure images have a target folder but no image can be unsure */
function checkUnsure({ unsureTo }: WatchFlags, { manifest }: Bundle): void {
  if (unsureTo === undefined || manifest.calibration.unsure) return;
  fail(
    'OPTION_INVALID',
    'Expected --unsure RULE, or a model file that has one, with --unsure-to but received none',
  );
}

/** @throws OPTION_INVALID if one is the watched folder; OUTPUT_UNWRITABLE if nothing can be moved there */
async function checkTargets(dir: string, targets: readonly string[]): Promise<void> {
  for (const target of targets) {
    // Moved images would appear again.
    if ((await realPath(target)) === (await realPath(dir))) {
      fail(
        'OPTION_INVALID',
        `Expected a folder to move images to other than the watched one but received ${target} for both`,
      );
    }
    // Moving needs write access to both folders.
    await assertWritable(join(dir, 'image'));
    await assertWritable(join(target, 'image'));
  }
}

/** @throws OPTION_INVALID if they would be taken for images to inspect; OUTPUT_UNWRITABLE */
async function checkHeatMaps(dir: string, out: string): Promise<void> {
  if ((await realPath(out)) === (await realPath(dir))) {
    fail(
      'OPTION_INVALID',
      `Expected a folder for --out other than the watched one but received ${out} for both`,
    );
  }
  await assertWritable(join(out, 'heat-map.png'));
}
