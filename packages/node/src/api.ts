import {
  type Bundle,
  Detector,
  type Evaluation,
  evaluate as evaluateEntries,
  type FailedInspection,
  inspect as inspectEntries,
  type OnEvent,
  openBundle,
  type PictureEntry,
  recalibrate,
  resolveTrainOptions,
  type SeenPicture,
  type TrainOptions,
  train as trainOnEntries,
  underRule,
  type Verdict,
  withManifest,
} from '@bigrid/inspect';
import { type BackboneFile, openBackbone } from './backbones.ts';
import type { DatasetOptions } from './datasets/dataset.ts';
import { type Device, onnxRuntimeEngine } from './engine.ts';
import { assertWritable, readBytes, writeAtomically } from './files.ts';
import {
  listPictures,
  openCalibrationFolder,
  openTestFolder,
  openTrainingFolder,
} from './folders.ts';
import { pictureEntry } from './pictures.ts';
import { fileScratch } from './scratch.ts';
import { version } from './version.ts';

/** What every verb takes beside its own options. */
export interface WorkOptions {
  /** Called as work goes on: progress with time left, pictures skipped. */
  readonly onEvent?: OnEvent;
  /** Stops the work: the promise rejects with CANCELLED, and nothing half-written stays. */
  readonly signal?: AbortSignal;
  /** Threads of the engine. Default: as many as the machine has cores. */
  readonly threads?: number;
  /** Where to compute. Default: `cpu`. */
  readonly device?: Device;
}

export interface TrainRequest extends TrainOptions, BackboneFile, DatasetOptions, WorkOptions {
  /** File to write the bundle to. */
  readonly out?: string;
  /** Bundle, or its file, to go on from: its method is kept. */
  readonly from?: Bundle | string;
}

/**
 * Trains a model on a folder of good pictures.
 * @param dir a folder with `train/good`, with `good`, with pictures straight in it, or of such folders, one a class;
 *   or any other layout that {@link openDataset} recognises
 * @throws DATA_EMPTY, DATA_NO_GOOD, DATA_TOO_FEW, DATASET_INVALID, OPTION_INVALID, OUTPUT_UNWRITABLE, WEIGHTS_INVALID,
 *   DEVICE_MISSING, CANCELLED
 */
export async function train(dir: string, request: TrainRequest = {}): Promise<Bundle> {
  const { onEvent, signal, threads, device, out, from: source, s3Root, ...others } = request;
  const { backbone, backboneMean, backboneDeviation, ...chosen } = others;
  const options = resolveTrainOptions(chosen);
  const engine = onnxRuntimeEngine({ threads, device });
  const { classes } = await openTrainingFolder(dir, { s3Root });
  // Better to fail before a minute of training than after it.
  if (out !== undefined) await assertWritable(out);
  const from = source === undefined ? undefined : await bundleFrom(source);
  const choice = { backbone, backboneMean, backboneDeviation, taps: chosen.taps };
  const bundle = await trainOnEntries({
    ...options,
    ...(await openBackbone(choice, options.method, engine, from)),
    engine,
    openScratch: fileScratch,
    classes,
    version,
    now: () => new Date(),
    from,
    onEvent,
    signal,
  });
  if (out !== undefined) await writeAtomically(out, bundle.bytes);
  return bundle;
}

export interface CalibrateRequest extends WorkOptions {
  /**
   * Good pictures that training never saw: a folder with `test/good`, with `good`, with pictures straight in it, or of
   * such folders, one a class. Without one, the scores in the bundle are used again.
   */
  readonly dir?: string;
  /** Rule, as in `max-fpr:0.05`: docs/options.md lists them. Default: the rule of the bundle. */
  readonly threshold?: string;
  /** File to write the bundle to; that of the bundle may be it. */
  readonly out?: string;
}

/**
 * Sets the thresholds of a bundle anew; its model stays as it is.
 * @throws OPTION_INVALID, THRESHOLD_UNSUPPORTED, DATA_EMPTY, DATA_NO_GOOD, BUNDLE_INVALID, OUTPUT_UNWRITABLE,
 *   DEVICE_MISSING, CANCELLED
 */
export async function calibrate(
  bundle: Bundle | string,
  request: CalibrateRequest = {},
): Promise<Bundle> {
  const { dir, threshold, out, onEvent, signal, ...machine } = request;
  const opened = await bundleFrom(bundle);
  if (out !== undefined) await assertWritable(out);
  const calibrated =
    dir === undefined
      ? withManifest(opened, underRule(opened.manifest, threshold))
      : await recalibrate({
          ...(await openCalibrationFolder(dir)),
          engine: onnxRuntimeEngine(machine),
          bundle: opened,
          rule: threshold,
          now: () => new Date(),
          onEvent,
          signal,
        });
  if (out !== undefined) await writeAtomically(out, calibrated.bytes);
  return calibrated;
}

export interface InspectOptions extends WorkOptions {
  /** Rule for this run alone, as in `max-fpr:0.05`, from the scores in the bundle. Default: its threshold. */
  readonly threshold?: string;
}

/**
 * Inspects pictures, one verdict each, in order. A picture that cannot be read yields its error.
 * @param paths files, and folders that are searched for pictures; or pictures that come one by one, each inspected as
 *   soon as it is there
 * @throws BUNDLE_INVALID, BUNDLE_TOO_NEW, PATH_MISSING, DATA_EMPTY, DEVICE_MISSING, OPTION_INVALID,
 *   THRESHOLD_UNSUPPORTED, CANCELLED
 */
export async function* inspect(
  bundle: Bundle | string,
  paths: readonly string[] | AsyncIterable<PictureEntry>,
  options: InspectOptions = {},
): AsyncGenerator<Verdict | FailedInspection> {
  const opened = await bundleFrom(bundle);
  const manifest = underRule(opened.manifest, options.threshold);
  const entries = Symbol.asyncIterator in paths ? paths : await entriesAt(paths);
  const detector = await Detector.load(onnxRuntimeEngine(options), opened);
  try {
    yield* inspectEntries(detector, manifest, entries, options.signal);
  } finally {
    await detector.dispose();
  }
}

async function entriesAt(paths: readonly string[]): Promise<PictureEntry[]> {
  const files: string[] = [];
  for (const path of paths) files.push(...(await listPictures(path)));
  return files.map(pictureEntry);
}

export interface EvaluateOptions extends WorkOptions, DatasetOptions {
  /** Called with each picture, its map and mask, in turn; the next one waits for what it returns. */
  readonly onPicture?: ((seen: SeenPicture) => void | Promise<void>) | undefined;
}

/**
 * Evaluates a bundle on labelled test pictures.
 * @param dir a folder in the layout of MVTec AD (`test/good`, `test/DEFECT`, `ground_truth/DEFECT`), or of such folders;
 *   or any other layout that {@link openDataset} recognises
 * @throws DATA_NO_TEST, DATASET_INVALID, BUNDLE_INVALID, DEVICE_MISSING, CANCELLED
 */
export async function evaluate(
  bundle: Bundle | string,
  dir: string,
  options: EvaluateOptions = {},
): Promise<Evaluation> {
  const opened = await bundleFrom(bundle);
  const entries = await openTestFolder(dir, { s3Root: options.s3Root });
  const detector = await Detector.load(onnxRuntimeEngine(options), opened);
  try {
    return await evaluateEntries({
      detector,
      entries,
      onPicture: options.onPicture,
      onEvent: options.onEvent,
      signal: options.signal,
    });
  } finally {
    await detector.dispose();
  }
}

/** Opens a bundle file. @throws PATH_MISSING, PATH_UNREADABLE, BUNDLE_INVALID, BUNDLE_TOO_NEW */
export async function readBundle(path: string): Promise<Bundle> {
  return openBundle(await readBytes(path));
}

async function bundleFrom(bundle: Bundle | string): Promise<Bundle> {
  return typeof bundle === 'string' ? readBundle(bundle) : bundle;
}
