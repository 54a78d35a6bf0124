import { join, relative } from 'node:path';
import { fail, isBigridError } from '@bigrid/errors';
import type { Device, LoggedOutcome, PictureEntry, WatchedPicture } from '@bigrid/node';
import { Command } from 'commander';
import { addFlags, type Fields, machineFields, oneMaskFlag, unsureFlag } from '../flags.ts';
import { say } from '../output.ts';
import { realPath } from '../pictures.ts';
import { type Format, isLasting, printResults, type Row, rowOf } from '../results.ts';
import { type Context, outputGone } from '../run.ts';
import { Tally } from '../tally.ts';

interface WatchFlags {
  readonly good?: string;
  readonly bad?: string;
  readonly unsureTo?: string;
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

/** A file whose pictures are under way: one, or those on the pages of a TIFF, which are settled together. */
interface Job {
  readonly file: WatchedPicture;
  /** Of pages that the log has already. */
  readonly known: readonly LoggedOutcome[];
  /** Pictures whose turn has not come. */
  left: number;
  readonly done: { readonly row: Row; readonly statistics: object }[];
}

/** From the best to the worst: a file goes where its worst page belongs. */
const severities = ['normal', 'unsure', 'anomalous', 'unreadable'] as const;

export function watchCommand(context: Context): Command {
  const command = new Command('watch')
    .description('Inspect pictures as they appear in a folder')
    .argument('<file.onnx>', 'bundle that `bigrid train` wrote')
    .argument('<dir>', 'folder to watch, with the folders below it')
    .option('--good <dir>', 'Move normal pictures there')
    .option('--bad <dir>', 'Move anomalous pictures there')
    .option('--unsure-to <dir>', 'Move unsure pictures there')
    .option('--new-only', 'Leave alone what is there at the start')
    .option('--log <file>', 'Append a line a picture; leave out what has its line already')
    .option('--webhook <url>', 'Post each result there; needs --log')
    .option('--threshold <rule>', 'Rule for this run: see `bigrid calibrate --help`')
    .option(...unsureFlag)
    .option(...oneMaskFlag);
  return addFlags(command, { ...formatField, ...machineFields })
    .option('--quiet', 'Print nothing but results')
    .addHelpText(
      'after',
      `
A picture is inspected once it has stayed as it is for a second, or is renamed
into the folder. It ends with Ctrl-C, after the picture under way, with exit
code 0. One that cannot be read stays where it is.

With --log, the next run takes up what this one left, and repeats nothing. What
the webhook could not take is in the log and is sent when it can.

Examples:
  $ bigrid watch parts.onnx camera/
  $ bigrid watch parts.onnx camera/ --good passed --bad rejected
  $ bigrid watch parts.onnx camera/ --unsure quantile:0.9 --unsure-to look-at
  $ bigrid watch parts.onnx camera/ --log line1.jsonl --webhook http://mes/in`,
    )
    .action((file: string, dir: string, flags: WatchFlags) => watch(file, dir, flags, context));
}

async function watch(
  bundleFile: string,
  dir: string,
  { log: logFile, webhook: url, threshold, unsure, mask, quiet, format, ...flags }: WatchFlags,
  { signal }: Context,
): Promise<void> {
  const node = await import('@bigrid/node');
  if (url !== undefined && logFile === undefined) {
    fail(
      'OPTION_INVALID',
      'Expected --log with --webhook, to keep what is not sent, but received none',
    );
  }
  const { good, bad, unsureTo, newOnly, ...machine } = flags;
  const rules = { threshold, unsure };
  const read = await node.readBundle(bundleFile);
  const opened = mask === undefined ? read : await node.withMask(read, mask);
  const bundle = { ...opened, manifest: node.underRules(opened.manifest, rules) };
  if (unsureTo !== undefined && !bundle.manifest.calibration.unsure) {
    fail(
      'OPTION_INVALID',
      'Expected --unsure RULE, or a bundle that has one, with --unsure-to but received none',
    );
  }
  const tell = (text: string) => quiet || say(text);
  const targets = { normal: good, anomalous: bad, unsure: unsureTo };
  const leaveOut = Object.values(targets).filter((path) => path !== undefined);
  for (const target of leaveOut) {
    // What is moved there would appear anew.
    if ((await realPath(target)) === (await realPath(dir))) {
      fail(
        'OPTION_INVALID',
        `Expected a folder to move pictures to other than the one watched but received ${target} for both`,
      );
    }
    // What is moved has to leave the one folder and to enter the other.
    await node.assertWritable(join(dir, 'picture'));
    await node.assertWritable(join(target, 'picture'));
  }
  const folder = await node.FolderWatch.open(dir, {
    signal,
    newOnly: newOnly === true,
    leaveOut,
    onReachable: (reason) =>
      tell(reason ? `Waiting for ${dir}: ${reason}` : `${dir} is there again`),
  });
  const tally = new Tally();
  const printer = printResults(format, signal);
  const jobs: Job[] = [];
  try {
    const log =
      logFile === undefined
        ? undefined
        : await node.InspectionLog.open(logFile, node.identify(opened, rules));
    const webhook =
      log && url !== undefined
        ? await node.Webhook.start(log.path, url, { onTrouble: tell })
        : undefined;

    /** The pictures that appear and are not in the log yet. */
    async function* appearing(): AsyncGenerator<PictureEntry> {
      for await (const file of folder.pictures()) {
        const pages = await node.picturesInFile(file.path);
        const taken = pages.map((page) => log?.take(page, file.file));
        const known = taken.filter((outcome) => typeof outcome === 'object');
        let undone = pages.filter((_, index) => taken[index] === undefined);
        if (undone.length === 0) {
          const movedTo = known.find((outcome) => outcome.movedTo)?.movedTo;
          // An earlier run that was killed has said where to, but did not come to it.
          if (!movedTo || (await node.moveFile(file.path, movedTo, true))) continue;
          undone = pages;
        }
        const job: Job = { file, known, left: undone.length, done: [] };
        for (const page of undone) {
          jobs.push(job);
          yield node.pictureEntry(page);
        }
      }
    }

    const settle = async ({ file: { path, file }, known, done }: Job) => {
      const verdicts = new Set([...known, ...done.map(({ row }) => row)].map(verdictOf));
      const worst = severities.findLast((verdict) => verdicts.has(verdict));
      const target = worst === 'unreadable' ? undefined : targets[worst ?? 'normal'];
      const movedTo = target && (await node.freeName(target, relative(dir, path)));
      const moved = movedTo ? { movedTo } : {};
      for (const { row, statistics } of done) {
        const logged = { ...row, ...moved, ...statistics };
        await log?.append(logged, isLasting(row) ? file : undefined);
      }
      if (movedTo) {
        await node.moveFile(path, movedTo);
        for (const { row } of done) log?.forget(row.path, file);
      }
      for (const { row } of done) {
        await printer.add({ ...row, ...moved });
        tally.add(row);
      }
      await webhook?.notify(signal);
    };

    tell(`Watching ${dir}; press Ctrl-C to end.`);
    try {
      for await (const outcome of node.inspect(bundle, appearing(), { signal, ...machine })) {
        const job = jobs.shift() as Job;
        job.done.push({ row: rowOf(outcome), statistics: node.statisticsOf(outcome) });
        if (--job.left > 0) continue;
        const { file, done } = job;
        const isWhole = done.every(({ row }) => !('error' in row)) || !folder.putBack(file);
        if (isWhole) await settle(job);
        else for (const { row } of done) log?.forget(row.path, file.file);
      }
    } catch (error) {
      if (!isBigridError(error, 'CANCELLED')) throw error;
    } finally {
      await webhook?.stop();
      const unsent = (await webhook?.waiting()) ?? 0;
      if (unsent > 0) say(`Not sent yet, but kept in ${logFile}: ${unsent} bytes of results`);
      await log?.close();
    }
  } finally {
    await folder.close();
  }
  if (signal.reason !== outputGone) tell(`\n${tally.summary({})}`);
}

function verdictOf(outcome: LoggedOutcome | Row): LoggedOutcome['verdict'] {
  return 'error' in outcome ? 'unreadable' : outcome.verdict;
}
