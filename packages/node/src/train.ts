import { createHash } from 'node:crypto';
import { availableParallelism } from 'node:os';
import {
  type Bundle,
  modelIdOf,
  resolveTrainOptions,
  type ThresholdRules,
  type TrainOptions,
  train as trainOnEntries,
} from '@bigrid/inspect';
import type { DatasetOptions } from './datasets/dataset.ts';
import { openIgnoredAreas } from './datasets/ignored-areas.ts';
import { trainingEngines } from './engine/engine.ts';
import { assertModelWritable, writeAtomically } from './files/files.ts';
import type { ImageInput } from './images/image-input.ts';
import { imagesGiven } from './images-given.ts';
import { bundleFrom, type ModelSource } from './model-file.ts';
import { checkRequest, checkTrainingImages } from './requests.ts';
import { type BackboneFile, openBackbone } from './training/backbones.ts';
import { identifyFile, openCheckpoint } from './training/checkpoint-folder.ts';
import { openReplay } from './training/replay-folder.ts';
import { fileScratch } from './training/scratch.ts';
import { openTrainingImages, type TrainingImages } from './training-images.ts';
import { version } from './version.ts';
import type { WorkOptions } from './work-options.ts';

export interface TrainRequest
  extends TrainOptions,
    BackboneFile,
    DatasetOptions,
    ThresholdRules,
    WorkOptions {
  /** File to write the bundle to. */
  readonly out?: string | undefined;
  /** Mask of areas to ignore: path of an image, white there, or of a folder with one mask per class, `CLASS.png`. */
  readonly mask?: string | undefined;
  /** Model to continue from; its method is kept. */
  readonly from?: ModelSource | undefined;
  /**
   * Resume an interrupted training with the same `out` from the checkpoint next to it; start from the beginning if there
   * is none. Default: false, which deletes an existing checkpoint.
   */
  readonly resume?: boolean | undefined;
  /** Seconds between checkpoints. Default: 10, or longer if saving would take more than 1 % of the time. */
  readonly checkpointSeconds?: number | undefined;
  /**
   * Images, such as ones with defects, whose maps are shown as the model learns, with those of up to three that it holds
   * out: in events of the type `preview`, about every five seconds. They change nothing in the model. Default: none are made.
   */
  readonly preview?: readonly ImageInput[] | undefined;
}

/**
 * Trains a model on good images.
 * @param images a folder with `train/good`, with `good`, with images directly in it, or with one such folder per class;
 *   any other layout that {@link openDataset} recognises; or images in memory: see {@link TrainingImages}
 * @throws DATA_EMPTY, DATA_NO_GOOD, DATA_TOO_FEW, DATASET_INVALID, OPTION_INVALID, OUTPUT_UNWRITABLE, IN_USE,
 *   CHECKPOINT_MISMATCH, CHECKPOINT_INVALID, WEIGHTS_INVALID, DEVICE_MISSING, CANCELLED
 */
export async function train(images: TrainingImages, request: TrainRequest = {}): Promise<Bundle> {
  checkTrainingImages(images);
  checkRequest('train', request);
  const { onEvent, signal, out, threshold, unsure, resume, checkpointSeconds, preview } = request;
  const { replay, areas, classes, identity, ...prepared } = await prepare(images, request);
  const saves = { resume, everySeconds: checkpointSeconds };
  const checkpoint = out === undefined ? undefined : await openCheckpoint(out, identity, saves);
  const kept = out === undefined ? undefined : await openReplay(out, replay, checkpoint?.path);
  let succeeded = false;
  try {
    const bundle = await trainOnEntries({
      ...prepared,
      openScratch: (blockBytes, kept) =>
        checkpoint && kept !== undefined
          ? checkpoint.openScratch(blockBytes, kept)
          : fileScratch(blockBytes),
      checkpoint,
      classes: classes.map(({ name, entries }) => ({
        name,
        entries: entries.map((entry) => areas.of(name, entry)),
      })),
      ignored: areas.everywhere,
      rules: { threshold, unsure },
      version,
      now: () => new Date(),
      replay: kept,
      preview: preview && (await imagesGiven(preview)),
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

/** Opens everything that training reads, and describes what identifies the run, so that only the same one is resumed. */
async function prepare(images: TrainingImages, request: TrainRequest) {
  const {
    onEvent: _,
    signal: __,
    checkpointSeconds: ___,
    threshold: ____,
    preview: _____,
    ...asked
  } = request;
  const {
    threads,
    device,
    out,
    from: source,
    s3Root,
    resume,
    mask,
    unsure: ______,
    ...own
  } = asked;
  const { backbone: file, backboneMean, backboneDeviation, ...chosen } = own;
  const { replay, ...options } = resolveTrainOptions(chosen);
  const engines = trainingEngines({ threads, device });
  const { classes, identity } = await openTrainingImages(images, { s3Root, resume });
  const names = classes.map(({ name }) => name);
  const areas = await openIgnoredAreas(mask, names);
  // Fail before training, not after it.
  if (out !== undefined) await assertModelWritable(out);
  const from = source === undefined ? undefined : await bundleFrom(source);
  const choice = { backbone: file, backboneMean, backboneDeviation, taps: chosen.taps };
  const { backbone, method } = await openBackbone(choice, options.method, engines.engine, from);
  const { name, mean, deviation } = backbone;
  const described = {
    ...options,
    method,
    backbone: { name, mean, deviation, file: file && (await identifyFile(file)) },
    from: from && createHash('sha256').update(from.bytes).digest('hex'),
    ignored: areas.digest,
    threads: threads ?? availableParallelism(),
    engine: engines.engine.description,
    version,
  };
  return {
    ...options,
    method,
    backbone,
    ...engines,
    from,
    replay,
    classes,
    areas,
    identity: { options: described, images: identity },
  };
}
