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
    .argument('<file.onnx>', 'bundle that `bigrid train` wrote')
    .argument('<dir>', 'folder to watch, with the folders below it')
    .option('--good <dir>', 'Move normal images there')
    .option('--bad <dir>', 'Move anomalous images there')
    .option('--unsure-to <dir>', 'Move unsure images there')
    .option('--out <dir>', 'Folder for heat maps, drawn over each image (PNG)')
    .option('--new-only', 'Leave alone what is there at the start')
    .option('--log <file>', 'Append a line an image; leave out what has its line already')
    .option('--webhook <url>', 'Post each result there; needs --log')
    .option('--threshold <rule>', 'Rule for this run: see `bigrid calibrate --help`')
    .option(...unsureFlag)
    .option(...oneMaskFlag);
  addFlags(command, { ...formatField, ...machineFields })
    .option('--quiet', 'Print nothing but results')
    .addHelpText(
      'after',
      `
An image is inspected once it has stayed as it is for a second and no process
has it open for writing, or is renamed into the folder. It ends with Ctrl-C,
after the image under way, with exit code 0. One that cannot be read stays
where it is.

With --log, the next run takes up what this one left, and repeats nothing. What
the webhook could not take is in the log and is sent when it can.

Examples:
  $ bigrid watch parts.onnx camera/
  $ bigrid watch parts.onnx camera/ --good passed --bad rejected --out marked
  $ bigrid watch parts.onnx camera/ --unsure quantile:0.9 --unsure-to look-at
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
      tell(reason ? `Waiting for ${dir}: ${reason}` : `${dir} is there again`),
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

/** Inspects what appears until it is stopped, and tells the log and the webhook of it. */
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
  tell(`Watching ${dir}; press Ctrl-C to end.`);
  try {
    for await (const outcome of inspect(bundle, files.images(), { signal, device, threads }))
      await files.take(outcome);
  } catch (error) {
    if (!isBigridError(error, 'CANCELLED')) throw error;
  } finally {
    await webhook?.stop();
    const unsent = (await webhook?.waiting()) ?? 0;
    if (unsent > 0) say(`Not sent yet, but kept in ${logFile}: ${unsent} bytes of results`);
    await log?.close();
  }
}

/** Draws heat maps into a folder, each at the path that its image has in the folder watched. */
function heatMapsInto(out: string, dir: string, { manifest }: Bundle, signal: AbortSignal) {
  const heatMaps = new HeatMapWriter(manifest, signal);
  return async (verdict: Verdict): Promise<string> => {
    const { dir: below, name } = parse(relative(dir, verdict.path));
    const file = await freeName(out, join(below, `${name}.png`));
    await heatMaps.add(verdict, file);
    // The next one must find the name taken.
    await heatMaps.finish();
    return file;
  };
}

/** @throws OPTION_INVALID where there is a webhook without a log */
function checkWebhook({ webhook, log }: WatchFlags): void {
  if (webhook === undefined || log !== undefined) return;
  fail(
    'OPTION_INVALID',
    'Expected --log with --webhook, to keep what is not sent, but received none',
  );
}

/** @throws OPTION_INVALID where images that are unsure have a folder to go to but none can be unsure */
function checkUnsure({ unsureTo }: WatchFlags, { manifest }: Bundle): void {
  if (unsureTo === undefined || manifest.calibration.unsure) return;
  fail(
    'OPTION_INVALID',
    'Expected --unsure RULE, or a bundle that has one, with --unsure-to but received none',
  );
}

/** @throws OPTION_INVALID where one is the folder watched; OUTPUT_UNWRITABLE where nothing can be moved there */
async function checkTargets(dir: string, targets: readonly string[]): Promise<void> {
  for (const target of targets) {
    // What is moved there would appear anew.
    if ((await realPath(target)) === (await realPath(dir))) {
      fail(
        'OPTION_INVALID',
        `Expected a folder to move images to other than the one watched but received ${target} for both`,
      );
    }
    // What is moved has to leave the one folder and to enter the other.
    await assertWritable(join(dir, 'image'));
    await assertWritable(join(target, 'image'));
  }
}

/** @throws OPTION_INVALID where they would be taken for images to inspect; OUTPUT_UNWRITABLE */
async function checkHeatMaps(dir: string, out: string): Promise<void> {
  if ((await realPath(out)) === (await realPath(dir))) {
    fail(
      'OPTION_INVALID',
      `Expected a folder for --out other than the one watched but received ${out} for both`,
    );
  }
  await assertWritable(join(out, 'heat-map.png'));
}
