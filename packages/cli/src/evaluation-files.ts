import { createHash } from 'node:crypto';
import { isAbsolute, join, relative, resolve, sep } from 'node:path';
import type { Bundle, EvaluatedImage, Evaluation, Manifest, SeenImage } from '@bigrid/node';
import {
  assertWritable,
  encodeNpy,
  judge,
  modelIdOf,
  type OperatingPoint,
  writeAtomically,
} from '@bigrid/node/internal';
import type { Counts } from '@bigrid/report';
import { ResultFiles } from './images.ts';
import { csvRow } from './results.ts';

/** A test image as it goes into the JSON and the CSV. */
interface ImageRow {
  readonly path: string;
  readonly class: string;
  /** `good`, or the name of the defect. */
  readonly label: string;
  readonly score: number;
  readonly verdict: string;
  /** File of its anomaly map, if one was written. */
  readonly map?: string | undefined;
}

/** What was measured, with what. */
export interface Measurement {
  readonly model: {
    readonly file: string;
    /** The same for copies and exports of one model, and with other thresholds. */
    readonly id: string;
    readonly sha256: string;
    /** Version of Bigrid that trained it. */
    readonly bigridVersion: string;
    readonly createdAt: string;
    readonly seed: number;
    /** SHA-256 over the training images. */
    readonly dataHash: string;
  };
  /** Version of Bigrid that measured. */
  readonly bigridVersion: string;
  /** Folder or list of test images. */
  readonly data: string;
  /** The mask of this run, which replaces that of the model file. */
  readonly mask?: string | undefined;
}

export function measurementOf(
  file: string,
  { bytes, manifest }: Bundle,
  run: Pick<Measurement, 'bigridVersion' | 'data' | 'mask'>,
): Measurement {
  const { bigridVersion, createdAt, training } = manifest;
  const { seed, dataHash } = training;
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  const identity = { file: resolve(file), id: modelIdOf(manifest), sha256 };
  const model = { ...identity, bigridVersion, createdAt, seed, dataHash };
  return { model, ...run, data: resolve(run.data) };
}

interface Told {
  readonly evaluation: Evaluation;
  readonly manifest: Manifest;
  readonly measured: Measurement;
  readonly points: readonly OperatingPoint[];
  readonly outcomes: Counts;
  readonly doubtful: readonly EvaluatedImage[];
  readonly rows: readonly ImageRow[];
}

/** JSON has no NaN: an undefined metric becomes null. */
export function metricsJson(told: Told): string {
  const { measured, evaluation, manifest, points, outcomes, doubtful, rows } = told;
  const { classes, mean, meanOver, intervals, defects, failed } = evaluation;
  const { rule, threshold, unsure } = manifest.calibration;
  const images = doubtful.map(({ entry: { path, defect }, score }) => ({ path, defect, score }));
  const verdicts = { rule, threshold, unsure, ...outcomes, unsureImages: images };
  const unread = failed.map(({ path, error: { code, message } }) => ({ path, code, message }));
  const metrics = { measured, classes, mean, meanOver, intervals, defects, verdicts };
  const all = { ...metrics, operatingPoints: points, images: rows, failed: unread };
  return `${JSON.stringify(all, undefined, 2)}\n`;
}

const columns = ['path', 'class', 'label', 'score', 'verdict', 'map'] as const;

export function imagesCsv(rows: readonly ImageRow[]): string {
  const lines = rows.map((row) => csvRow(columns.map((name) => row[name])));
  return [columns.join(','), ...lines].map((line) => `${line}\n`).join('');
}

/** @param maps files by image */
export function imageRows(
  { images }: Evaluation,
  { calibration }: Manifest,
  maps: ReadonlyMap<EvaluatedImage, string> | undefined,
): ImageRow[] {
  return images.map((image) => {
    const { entry, score } = image;
    const { path, className, defect } = entry;
    const verdict = judge(score, calibration);
    return { path, class: className, label: defect, score, verdict, map: maps?.get(image) };
  });
}

/** Writes anomaly maps as they come from the model, in NumPy's format, one file per image. */
export class MapFiles {
  readonly written = new Map<EvaluatedImage, string>();
  readonly #data: string;
  readonly #files: ResultFiles;
  readonly #signal: AbortSignal;

  private constructor(data: string, files: ResultFiles, signal: AbortSignal) {
    this.#data = data;
    this.#files = files;
    this.#signal = signal;
  }

  /**
   * @param out folder for the maps, each at the path that its image has in `data`
   * @throws OUTPUT_UNWRITABLE
   */
  static async in(out: string, data: string, signal: AbortSignal): Promise<MapFiles> {
    await assertWritable(join(out, 'map.npy'));
    return new MapFiles(data, await ResultFiles.in(out, [], '.npy'), signal);
  }

  /** @throws OUTPUT_UNWRITABLE, CANCELLED */
  async add({ evaluated, map }: SeenImage): Promise<void> {
    const { entry } = evaluated;
    const within = relative(resolve(this.#data), resolve(entry.path));
    // Images from a list or under --s3-root may be elsewhere.
    const isWithin = !isAbsolute(within) && within.split(sep)[0] !== '..';
    const name = entry.path.split(/[/\\]/).at(-1) as string;
    const relativePath = isWithin
      ? within
      : join(asFolder(entry.className), asFolder(entry.defect), name);
    const file = await this.#files.fileFor({ path: entry.path, relativePath });
    await writeAtomically(file, encodeNpy(map.data, [map.height, map.width]), {
      signal: this.#signal,
    });
    this.written.set(evaluated, resolve(file));
  }
}

/** The name of a class or defect in a list may be any text: makes it safe as a folder name. */
function asFolder(name: string): string {
  return name.replaceAll(/[/\\]/g, '_').replace(/^\.+$/, '_') || '_';
}
