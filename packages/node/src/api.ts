import { createHash } from 'node:crypto';
import { availableParallelism } from 'node:os';
import { basename, resolve } from 'node:path';
import { fail, isBigridError } from '@bigrid/errors';
import {
  type Bundle,
  Detector,
  type Evaluation,
  evaluate as evaluateEntries,
  type FailedInspection,
  type ImageEntry,
  ignoring,
  inspect as inspectEntries,
  modelIdOf,
  type OnEvent,
  openBundle,
  recalibrate,
  resolveTrainOptions,
  type SeenImage,
  type ThresholdRules,
  type TrainOptions,
  train as trainOnEntries,
  underRules,
  type Verdict,
  withManifest,
} from '@bigrid/inspect';
import type { DatasetOptions } from './datasets/dataset.ts';
import {
  listImages,
  openCalibrationFolder,
  openTestFolder,
  openTrainingFolder,
} from './datasets/folders.ts';
import { openIgnoredAreas, readIgnoredArea } from './datasets/ignored-areas.ts';
import { type Device, onnxRuntimeEngine, parallelEngine } from './engine/engine.ts';
import { assertModelWritable, readBytes, systemCode, writeAtomically } from './files/files.ts';
import { imageEntry } from './images/images.ts';
import { checkArguments, checkRequest } from './requests.ts';
import { type BackboneFile, openBackbone } from './training/backbones.ts';
import { identifyFile, identifyImages, openCheckpoint } from './training/checkpoint-folder.ts';
import { openReplay } from './training/replay-folder.ts';
import { fileScratch } from './training/scratch.ts';
import { version } from './version.ts';

/** What every verb takes beside its own options. */
export interface WorkOptions {
  /** Called as work goes on: progress with time left, images skipped. */
  readonly onEvent?: OnEvent;
  /** Stops the work: the promise rejects with CANCELLED, and nothing half-written stays. */
  readonly signal?: AbortSignal;
  /** Threads of the engine. Default: as many as the machine has cores. */
  readonly threads?: number;
  /** Where to compute. Default: `cpu`. */
  readonly device?: Device;
}

export interface TrainRequest
  extends TrainOptions,
    BackboneFile,
    DatasetOptions,
    ThresholdRules,
    WorkOptions {
  /** File to write the bundle to. */
  readonly out?: string;
  /** Mask of what to ignore: an image, white there, or a folder with CLASS.png for each class. */
  readonly mask?: string;
  /** Bundle, or its file, to go on from: its method is kept. */
  readonly from?: Bundle | string;
  /**
   * Go on where an earlier training of the same `out` was cut off, from the checkpoint beside it; from the beginning
   * where there is none. Default: false, which drops a checkpoint that is there.
   */
  readonly resume?: boolean;
  /** Seconds from one checkpoint to the next. Default: 10, or more where it takes over a hundredth of the time. */
  readonly checkpointSeconds?: number;
}

/**
 * Trains a model on a folder of good images.
 * @param dir a folder with `train/good`, with `good`, with images straight in it, or of such folders, one a class;
 *   or any other layout that {@link openDataset} recognises
 * @throws DATA_EMPTY, DATA_NO_GOOD, DATA_TOO_FEW, DATASET_INVALID, OPTION_INVALID, OUTPUT_UNWRITABLE, IN_USE,
 *   CHECKPOINT_MISMATCH, CHECKPOINT_INVALID, WEIGHTS_INVALID, DEVICE_MISSING, CANCELLED
 */
export async function train(dir: string, request: TrainRequest = {}): Promise<Bundle> {
  checkArguments({ dir });
  checkRequest('train', request);
  const { onEvent, signal, threads, device, out, from: source, s3Root, mask, ...rest } = request;
  const { resume, checkpointSeconds, threshold, unsure, ...others } = rest;
  const { backbone, backboneMean, backboneDeviation, ...chosen } = others;
  const { replay, ...options } = resolveTrainOptions(chosen);
  const engine = onnxRuntimeEngine({ threads, device });
  const { classes } = await openTrainingFolder(dir, { s3Root });
  const areas = await openIgnoredAreas(
    mask,
    classes.map(({ name }) => name),
  );
  // Better to fail before a minute of training than after it.
  if (out !== undefined) await assertModelWritable(out);
  const from = source === undefined ? undefined : await bundleFrom(source);
  const choice = { backbone, backboneMean, backboneDeviation, taps: chosen.taps };
  const opened = await openBackbone(choice, options.method, engine, from);
  const { name, mean, deviation } = opened.backbone;
  const identity = {
    options: {
      ...options,
      method: opened.method,
      backbone: { name, mean, deviation, file: backbone && (await identifyFile(backbone)) },
      from: from && createHash('sha256').update(from.bytes).digest('hex'),
      ignored: areas.digest,
      threads: threads ?? availableParallelism(),
      engine: engine.description,
      version,
    },
    images: await identifyImages(dir, classes),
  };
  const saves = { resume, everySeconds: checkpointSeconds };
  const checkpoint = out === undefined ? undefined : await openCheckpoint(out, identity, saves);
  const kept = out === undefined ? undefined : await openReplay(out, replay, checkpoint?.path);
  let succeeded = false;
  try {
    const bundle = await trainOnEntries({
      ...options,
      ...opened,
      engine,
      openScratch: (blockBytes, kept) =>
        checkpoint ? checkpoint.openScratch(blockBytes, kept) : fileScratch(blockBytes),
      checkpoint,
      classes: classes.map(({ name, entries }) => ({
        name,
        entries: entries.map((entry) => areas.of(name, entry)),
      })),
      ignored: areas.everywhere,
      rules: { threshold, unsure },
      version,
      now: () => new Date(),
      from,
      replay: kept,
      onEvent,
      signal,
    });
    if (out !== undefined) {
      await writeAtomically(out, bundle.bytes, { temporaryIn: checkpoint?.path });
      await kept?.commit(modelIdOf(bundle.manifest));
    }
    succeeded = true;
    return bundle;
  } finally {
    await kept?.discard();
    await checkpoint?.close({ succeeded });
  }
}

export interface CalibrateRequest extends WorkOptions, ThresholdRules {
  /**
   * Good images that training never saw: a folder with `test/good`, with `good`, with images straight in it, or of
   * such folders, one a class. Without one, the scores in the bundle are used again.
   */
  readonly dir?: string;
  /**
   * Go on with images that the model learnt, and with those that score far beyond what good ones reach. Default: false,
   * which refuses them.
   */
  readonly allowSuspect?: boolean;
  /** Mask of what to ignore from now on, as for training; it takes the place of what the bundle ignores. */
  readonly mask?: string;
  /** File to write the bundle to; that of the bundle may be it. */
  readonly out?: string;
}

/**
 * Sets the thresholds of a bundle anew; its model stays as it is.
 * @throws OPTION_INVALID, THRESHOLD_UNSUPPORTED, SUSPECT_IMAGES, DATA_EMPTY, DATA_NO_GOOD, BUNDLE_INVALID,
 *   OUTPUT_UNWRITABLE, DEVICE_MISSING, CANCELLED
 */
export async function calibrate(
  bundle: Bundle | string,
  request: CalibrateRequest = {},
): Promise<Bundle> {
  checkArguments({ bundle });
  checkRequest('calibrate', request);
  const { dir, threshold, unsure, mask, allowSuspect, out, onEvent, signal, ...machine } = request;
  if (dir === undefined && mask !== undefined) {
    fail(
      'OPTION_INVALID',
      `Expected a folder of good images to score under the mask ${mask} but received none`,
    );
  }
  const opened = await bundleFrom(bundle);
  if (out !== undefined) await assertModelWritable(out);
  const calibrated =
    dir === undefined
      ? withManifest(opened, underRules(opened.manifest, { threshold, unsure }))
      : await recalibrate({
          ...(await openCalibration(dir, mask, opened.manifest.classes)),
          engine: onnxRuntimeEngine(machine),
          bundle: opened,
          rules: { threshold, unsure },
          allowSuspect,
          now: () => new Date(),
          onEvent,
          signal,
        });
  if (out !== undefined) await writeAtomically(out, calibrated.bytes);
  return calibrated;
}

/** Images to calibrate on, with what to ignore of them. */
async function openCalibration(dir: string, mask: string | undefined, classNames: string[]) {
  const { good, defects } = await openCalibrationFolder(dir);
  const areas = await openIgnoredAreas(mask, classNames);
  const withArea = (entry: ImageEntry & { className?: string }) =>
    areas.of(entry.className ?? basename(resolve(dir)), entry);
  return {
    good: good.map(withArea),
    defects: defects.map(withArea),
    ignored: areas.everywhere,
  };
}

/** Rules hold for this run alone, by the scores in the bundle. Default: its own. */
export interface InspectOptions extends WorkOptions, ThresholdRules {
  /** Mask of what to ignore of these images, white there; it takes the place of what the bundle ignores. */
  readonly mask?: string;
  /** Regions of fewer image pixels are left out. Default: 0. */
  readonly smallestRegion?: number | undefined;
}

/**
 * Inspects images, one verdict each, in order. An image that cannot be read yields its error.
 * @param paths files, and folders that are searched for images; or images that come one by one, each inspected as
 *   soon as it is there
 * @throws BUNDLE_INVALID, BUNDLE_TOO_NEW, PATH_MISSING, DATA_EMPTY, DEVICE_MISSING, OPTION_INVALID,
 *   THRESHOLD_UNSUPPORTED, CANCELLED
 */
export function inspect(
  bundle: Bundle | string,
  paths: readonly string[],
  options?: InspectOptions,
): AsyncGenerator<Verdict | FailedInspection>;
export function inspect<Entry extends ImageEntry>(
  bundle: Bundle | string,
  images: AsyncIterable<Entry>,
  options?: InspectOptions,
): AsyncGenerator<Verdict<Entry> | FailedInspection<Entry>>;
export async function* inspect(
  bundle: Bundle | string,
  paths: readonly string[] | AsyncIterable<ImageEntry>,
  options: InspectOptions = {},
): AsyncGenerator<Verdict | FailedInspection> {
  checkArguments({ bundle, paths });
  checkRequest('inspect', options);
  const { threads, device, mask } = options;
  const opened = await bundleFrom(bundle);
  const manifest = underRules(opened.manifest, options);
  const entries = Symbol.asyncIterator in paths ? paths : await entriesAt(paths);
  const model = mask === undefined ? opened : await withMask(opened, mask);
  const detector = await Detector.load(parallelEngine({ threads, device }), model);
  try {
    yield* inspectEntries(detector, manifest, entries, options);
  } finally {
    await detector.dispose();
  }
}

async function entriesAt(paths: readonly string[]): Promise<ImageEntry[]> {
  const files: string[] = [];
  for (const path of paths) files.push(...(await listImages(path)));
  return files.map(imageEntry);
}

/** The bundle that ignores what a mask says: an image, white there. */
export async function withMask(bundle: Bundle, mask: string): Promise<Bundle> {
  checkArguments({ bundle, mask });
  return ignoring(bundle, await readIgnoredArea(mask));
}

export interface EvaluateOptions extends WorkOptions, DatasetOptions {
  /** Mask of what to ignore, as for training; it takes the place of what the bundle ignores. */
  readonly mask?: string;
  /** Called with each image, its map and mask, in turn; the next one waits for what it returns. */
  readonly onImage?: ((seen: SeenImage) => void | Promise<void>) | undefined;
}

/**
 * Evaluates a bundle on labelled test images.
 * @param dir a folder in the layout of MVTec AD (`test/good`, `test/DEFECT`, `ground_truth/DEFECT`), or of such folders;
 *   or any other layout that {@link openDataset} recognises
 * @throws DATA_NO_TEST, DATASET_INVALID, BUNDLE_INVALID, DEVICE_MISSING, CANCELLED
 */
export async function evaluate(
  bundle: Bundle | string,
  dir: string,
  options: EvaluateOptions = {},
): Promise<Evaluation> {
  checkArguments({ bundle, dir });
  checkRequest('evaluate', options);
  const { threads, device, s3Root, mask } = options;
  const opened = await bundleFrom(bundle);
  const found = await openTestFolder(dir, { s3Root });
  const areas = await openIgnoredAreas(
    mask,
    found.map(({ className }) => className),
  );
  const entries = found.map((entry) => areas.of(entry.className, entry));
  const model = ignoring(opened, areas.everywhere);
  const detector = await Detector.load(parallelEngine({ threads, device }), model);
  try {
    return await evaluateEntries({
      detector,
      entries,
      learnt: opened.manifest.learnt,
      onImage: options.onImage,
      onEvent: options.onEvent,
      signal: options.signal,
    });
  } finally {
    await detector.dispose();
  }
}

/** Opens a bundle file. @throws PATH_MISSING, PATH_UNREADABLE, BUNDLE_INVALID, BUNDLE_TOO_NEW */
export async function readBundle(path: string): Promise<Bundle> {
  checkArguments({ file: path });
  return openBundle(await readBytes(path).catch((error: unknown) => failOnFolder(path, error)));
}

/** Whoever names the folder of images first learns in what order they go. */
function failOnFolder(path: string, error: unknown): never {
  if (!isBigridError(error) || systemCode(error.cause) !== 'EISDIR') throw error;
  return fail('PATH_UNREADABLE', `Expected a model file at ${path} but received a folder`, {
    cause: error,
    remedy:
      'Name the .onnx file that `bigrid train` wrote; it comes before the folder of images where a command takes both.',
  });
}

/** A bundle, opened where it is a file. */
export async function bundleFrom(bundle: Bundle | string): Promise<Bundle> {
  return typeof bundle === 'string' ? readBundle(bundle) : bundle;
}
