import { relative } from 'node:path';
import { type FailedInspection, type ImageEntry, imageEntry, type Verdict } from '@bigrid/node';
import {
  type FolderWatch,
  freeName,
  type InspectionLog,
  imagesInFile,
  type LoggedOutcome,
  moveFile,
  statisticsOf,
  type WatchedImage,
  type Webhook,
} from '@bigrid/node/internal';
import { isLasting, type ResultPrinter, type Row, rowOf } from './results.ts';
import type { Tally } from './tally.ts';

/** Target folder by the worst verdict on a file's images; files without one stay. */
type Targets = Readonly<Record<'normal' | 'unsure' | 'anomalous', string | undefined>>;

export interface WatchedFilesInput {
  readonly dir: string;
  readonly folder: FolderWatch;
  readonly targets: Targets;
  /** Draws the heat map of an image into a file. */
  readonly drawHeatMap: ((verdict: Verdict) => Promise<string>) | undefined;
  readonly log: InspectionLog | undefined;
  readonly webhook: Webhook | undefined;
  readonly printer: ResultPrinter;
  readonly tally: Tally;
  readonly signal: AbortSignal;
}

/** A file in progress: one image, or the pages of a TIFF, which are moved and logged together. */
interface Job {
  readonly file: WatchedImage;
  /** Outcomes of pages that are already in the log. */
  readonly known: readonly LoggedOutcome[];
  /** Number of images not inspected yet. */
  left: number;
  readonly done: { readonly row: Row; readonly statistics: object }[];
}

/** An image of a file. */
interface JobImage extends ImageEntry {
  readonly job: Job;
}

/** From best to worst: a file goes where its worst page belongs. */
const severities = ['normal', 'unsure', 'anomalous', 'unreadable'] as const;

/**
 * Files of a watched folder, from their appearance to their move: yields their images for inspection, and logs, moves
 * and prints a file once all of its images are done.
 */
export class WatchedFiles {
  readonly #input: WatchedFilesInput;

  constructor(input: WatchedFilesInput) {
    this.#input = input;
  }

  /** The images that appear and are not yet in the log. */
  async *images(): AsyncGenerator<JobImage> {
    const { folder, log } = this.#input;
    for await (const file of folder.images()) {
      const pages = await imagesInFile(file.path);
      const taken = pages.map((page) => log?.take(page, file.file));
      const known = taken.filter((outcome) => typeof outcome === 'object');
      let undone = pages.filter((_, index) => taken[index] === undefined);
      if (undone.length === 0) {
        const movedTo = known.find((outcome) => outcome.movedTo)?.movedTo;
        // An earlier run was killed after it logged the target and before it moved the file.
        if (!movedTo || (await moveFile(file.path, movedTo, true))) continue;
        undone = pages;
      }
      const job: Job = { file, known, left: undone.length, done: [] };
      for (const page of undone) yield { ...imageEntry(page), job };
    }
  }

  /** Takes the outcome of one of {@link images}. */
  async take(outcome: Verdict<JobImage> | FailedInspection<JobImage>): Promise<void> {
    const { folder, log, drawHeatMap } = this.#input;
    const { job } = outcome.entry;
    const heatMap = 'error' in outcome ? undefined : await drawHeatMap?.(outcome);
    const row = { ...rowOf(outcome), ...(heatMap === undefined ? {} : { heatMap }) };
    job.done.push({ row, statistics: statisticsOf(outcome) });
    if (--job.left > 0) return;
    const { file, done } = job;
    // An unreadable file may still be being written, and so may a readable one.
    const wasRead = done.every(({ row }) => !('error' in row));
    if (!(await folder.putBack(file, wasRead))) await this.#settle(job);
    else for (const { row } of done) log?.forget(row.path, file.file);
  }

  async #settle({ file: { path, file }, known, done }: Job): Promise<void> {
    const { dir, targets, log, webhook, printer, tally, signal } = this.#input;
    const verdicts = new Set([...known, ...done.map(({ row }) => row)].map(verdictOf));
    const worst = severities.findLast((verdict) => verdicts.has(verdict));
    const target = worst === 'unreadable' ? undefined : targets[worst ?? 'normal'];
    const movedTo = target && (await freeName(target, relative(dir, path)));
    const moved = movedTo ? { movedTo } : {};
    for (const { row, statistics } of done) {
      const logged = { ...row, ...moved, ...statistics };
      await log?.append(logged, isLasting(row) ? file : undefined);
    }
    if (movedTo) {
      await moveFile(path, movedTo);
      for (const { row } of done) log?.forget(row.path, file);
    }
    for (const { row } of done) {
      await printer.add({ ...row, ...moved });
      tally.add(row);
    }
    await webhook?.notify(signal);
  }
}

function verdictOf(outcome: LoggedOutcome | Row): LoggedOutcome['verdict'] {
  return 'error' in outcome ? 'unreadable' : outcome.verdict;
}
