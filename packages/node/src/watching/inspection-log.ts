import { createHash } from 'node:crypto';
import type { Stats } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { fail } from '@bigrid/errors';
import {
  type FailedInspection,
  type ImageStatistics,
  imageStatistics,
  type Judgement,
  type Manifest,
  statisticNames,
  type ThresholdRules,
  type Verdict,
} from '@bigrid/inspect';
import { z } from 'zod';
import { failToWrite } from '../files/files.ts';
import { holdAlone, type Release } from '../files/hold-alone.ts';
import { linesOf, NEWLINE } from '../files/lines.ts';
import { systemPath } from '../files/names.ts';
import { createReadStream, type FileHandle, mkdir, open, realpath, stat } from '../files/system.ts';
import { pageOf } from '../images/tiff-pages.ts';

/** Identifies the version of a file, to detect changes. */
export interface FileStamp {
  /** Size in bytes. */
  readonly size: number;
  /** Time of the last change, in ms since 1970. */
  readonly modified: number;
}

/** Fields that every log line has; the rest is the result as it was printed. */
const recordSchema = z.looseObject({
  at: z.iso.datetime(),
  path: z.string(),
  model: z.string(),
  bundle: z.string(),
  file: z.object({ size: z.number(), modified: z.number() }).optional(),
  score: z.number().optional(),
  verdict: z.enum(['normal', 'unsure', 'anomalous']).optional(),
  unknown: z.boolean().optional(),
  statistics: z.record(z.enum(statisticNames), z.number()).optional(),
  error: z.object({ code: z.string() }).optional(),
  movedTo: z.string().optional(),
});

export type LogRecord = z.infer<typeof recordSchema>;

/** The model and rules, in every line. */
export interface LogSource {
  /** When the model was created: scores of different models are not comparable. */
  readonly model: string;
  /** Hash of the bundle and the active rules: if it changes, images are inspected again. */
  readonly bundle: string;
}

/** The outcome of an image in a log. */
export interface LoggedOutcome {
  readonly verdict: Judgement | 'unreadable';
  /** Whether it shows something other than the product. */
  readonly unknown?: boolean | undefined;
  /** Where watching moved it to. */
  readonly movedTo?: string | undefined;
}

type Known = Map<string, LoggedOutcome | 'under way'>;

/** Start of every line: a partial line that starts otherwise is not ours to remove. */
const BEGINNING = '{"at":"';
/** Interval in ms. */
const FLUSH_EVERY = 1000;
/** Maximum length of a line in bytes. */
export const LONGEST_LINE = 2 ** 24;

/** A result to log: at least the image's path, and its verdict or its error. */
export type Logged = Pick<
  LogRecord,
  'path' | 'score' | 'verdict' | 'unknown' | 'statistics' | 'error' | 'movedTo'
>;

/** Image statistics of a verdict for its log line, which `drift` compares. */
export function statisticsOf(outcome: Verdict | FailedInspection): {
  readonly statistics?: ImageStatistics | undefined;
} {
  return 'error' in outcome ? {} : { statistics: imageStatistics(outcome.image) };
}

/**
 * An inspection log: a file with one line of JSON per image, in the order of inspection. Each line is appended as soon as
 * its image is done, so that an interrupted batch continues where it stopped.
 */
export class InspectionLog {
  readonly path: string;
  readonly #source: LogSource;
  readonly #handle: FileHandle;
  readonly #release: Release;
  readonly #known: Known;
  #appending: Promise<unknown> = Promise.resolve();
  #flushed = 0;

  private constructor(
    path: string,
    source: LogSource,
    handle: FileHandle,
    release: Release,
    known: Known,
  ) {
    this.path = path;
    this.#source = source;
    this.#handle = handle;
    this.#release = release;
    this.#known = known;
  }

  /**
   * Opens or creates a log, and locks it for this process. A partial last line, left by a kill or a full disk, is removed.
   * @param source the model and rules: see {@link identify}
   * @throws LOG_INVALID, IN_USE, OUTPUT_UNWRITABLE
   */
  static async open(path: string, source: LogSource): Promise<InspectionLog> {
    let handle: FileHandle | undefined;
    let release: Release | undefined;
    try {
      await mkdir(dirname(resolve(path)), { recursive: true });
      release = await holdAlone(join(await realpath(dirname(path)), basename(path)));
      handle = await open(path, 'a+');
      if (!(await handle.stat()).isFile()) {
        fail('OUTPUT_UNWRITABLE', `Expected a file for the log at ${path} but received a device`, {
          remedy: 'Name a file: the next run reads the log again.',
        });
      }
      const known = await readAndRepair(path, handle);
      return new InspectionLog(path, source, handle, release, known);
    } catch (error) {
      await handle?.close();
      await release?.();
      return failToWrite(path, error);
    }
  }

  /**
   * Looks up an image before its inspection, and claims it: a second caller for the same image gets `'under way'`.
   * @returns its outcome, if the same file was inspected with the same model and rules; undefined if it must be inspected
   */
  take(path: string, file: FileStamp | undefined): LoggedOutcome | 'under way' | undefined {
    if (file === undefined) return undefined;
    const key = keyOf(path, file, this.#source.bundle);
    const known = this.#known.get(key);
    if (known === undefined) this.#known.set(key, 'under way');
    return known;
  }

  /**
   * Appends a line.
   * @param result the result as printed, and additional fields
   * @param file its stamp before it was read; undefined if it should be tried again next time
   * @throws OUTPUT_UNWRITABLE
   */
  async append(result: Logged, file: FileStamp | undefined): Promise<void> {
    const path = isPiped(result.path) ? result.path : resolve(result.path);
    const at = new Date().toISOString();
    const record = { at, ...result, path, file, ...this.#source };
    if (file) this.#known.set(keyOf(path, file, this.#source.bundle), outcomeOf(record));
    // One write per line, in sequence: a kill can truncate only the last line.
    const appended = this.#appending.then(() => this.#write(`${JSON.stringify(record)}\n`));
    this.#appending = appended.catch(() => {});
    await appended.catch((error: unknown) => failToWrite(this.path, error));
  }

  async #write(line: string): Promise<void> {
    await this.#handle.appendFile(line);
    // A kill loses nothing written; a power cut loses what was not flushed.
    if (performance.now() - this.#flushed < FLUSH_EVERY) return;
    await this.#handle.datasync();
    this.#flushed = performance.now();
  }

  /** Releases the claim on an image, so that it can be inspected again. */
  forget(path: string, file: FileStamp): void {
    this.#known.delete(keyOf(path, file, this.#source.bundle));
  }

  async close(): Promise<void> {
    await this.#appending;
    await this.#handle.datasync();
    await this.#handle.close();
    await this.#release();
  }
}

/** Identifies a bundle and the active rules. */
export function identify(
  {
    bytes,
    manifest,
  }: { readonly bytes: Uint8Array; readonly manifest: Pick<Manifest, 'createdAt'> },
  { threshold = '', unsure }: ThresholdRules = {},
): LogSource {
  const rule = unsure === undefined ? threshold : `${threshold} unsure ${unsure}`;
  const bundle = createHash('sha256').update(bytes).update(rule).digest('hex').slice(0, 16);
  return { model: manifest.createdAt, bundle };
}

/** Whether an image, or a page of it, came through a pipe, as `-`, and has no path. */
export function isPiped(path: string): boolean {
  return /^-(#\d+)?$/.test(path);
}

/** Size and time of a file, also by the path of a page; undefined if it does not exist. */
export async function stampOf(path: string): Promise<FileStamp | undefined> {
  return stat(pageOf(path).file).then(stampOfStats, () => undefined);
}

export function stampOfStats({ size, mtimeMs }: Stats): FileStamp {
  return { size, modified: Math.trunc(mtimeMs) };
}

/** 16 bytes instead of a long path, so that a log of a million images fits in memory. */
function keyOf(path: string, { size, modified }: FileStamp, bundle: string): string {
  const text = `${resolve(path)}\0${size}\0${modified}\0${bundle}`;
  return createHash('sha256').update(systemPath(text)).digest().toString('latin1', 0, 16);
}

async function readAndRepair(path: string, handle: FileHandle): Promise<Known> {
  const known: Known = new Map();
  let [number, end] = [0, 0];
  const refuse = () =>
    fail(
      'LOG_INVALID',
      `Expected a log of inspections at ${path} but received something else in line ${number}`,
    );
  for await (const line of linesOf(createReadStream(path), NEWLINE, LONGEST_LINE, refuse)) {
    number++;
    if (!line.isWhole) {
      const { text } = line;
      // A power cut can leave zeros in place of a line.
      const isOurs = text.startsWith(BEGINNING) || BEGINNING.startsWith(text) || /^\0+$/.test(text);
      if (!isOurs) refuse();
      await handle.truncate(end);
      break;
    }
    end = line.end;
    const record = parseRecord(line.text) ?? refuse();
    if (record.file) known.set(keyOf(record.path, record.file, record.bundle), outcomeOf(record));
  }
  return known;
}

const outcomes = {
  normal: { verdict: 'normal' },
  unsure: { verdict: 'unsure' },
  anomalous: { verdict: 'anomalous' },
  unreadable: { verdict: 'unreadable' },
} as const;

/** Shared objects for most lines, because there may be a million. */
function outcomeOf({ verdict, unknown, movedTo }: Omit<Logged, 'path'>): LoggedOutcome {
  const plain = outcomes[verdict ?? 'unreadable'];
  if (!unknown && movedTo === undefined) return plain;
  return { ...plain, ...(unknown && { unknown }), ...(movedTo !== undefined && { movedTo }) };
}

/** Parses a log line; undefined if it is not one. */
export function parseRecord(line: string): LogRecord | undefined {
  try {
    return recordSchema.safeParse(JSON.parse(line)).data;
  } catch {
    return undefined;
  }
}
