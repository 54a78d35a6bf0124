import {
  modelIdOf,
  resolveTrainOptions,
  type Update,
  update as updateOnEntries,
} from '@bigrid/inspect';
import type { DatasetOptions } from './datasets/dataset.ts';
import { openTrainingFolder } from './datasets/folders.ts';
import { trainingEngines } from './engine/engine.ts';
import { assertModelWritable, writeAtomically } from './files/files.ts';
import { readBundle } from './model-file.ts';
import { checkArguments, checkRequest } from './requests.ts';
import { type BackboneFile, openBackbone } from './training/backbones.ts';
import { openReplay, readReplay } from './training/replay-folder.ts';
import { fileScratch } from './training/scratch.ts';
import type { WorkOptions } from './work-options.ts';

export interface UpdateRequest extends BackboneFile, DatasetOptions, WorkOptions {
  /** Number of good images to keep next to the new model file, 0..1024. Default: as in training. */
  readonly replay?: number | undefined;
  /** Folder of the good images kept in training. Default: the one next to the old model file. */
  readonly replayFrom?: string | undefined;
  /** Train on images that score far above good ones as well. Default: false, which rejects them. */
  readonly allowSuspect?: boolean | undefined;
  /** File to write the new bundle to; may be the old one. */
  readonly out?: string | undefined;
}

/**
 * Trains a model on new good images, such as false positives, without forgetting the old ones, some of which training kept
 * next to the model file. The thresholds are recalibrated by the model's own rules.
 * @param file path of the model file
 * @param dir folder of new good images, in any layout that {@link train} accepts; all of them count as good
 * @throws REPLAY_MISSING, SUSPECT_IMAGES, OPTION_INVALID if the backbone is not the model's, DATA_EMPTY, DATA_NO_GOOD,
 *   DATASET_INVALID, THRESHOLD_UNSUPPORTED, BUNDLE_INVALID, OUTPUT_UNWRITABLE, DEVICE_MISSING, CANCELLED
 */
export async function update(
  file: string,
  dir: string,
  request: UpdateRequest = {},
): Promise<Update> {
  checkArguments({ file, dir });
  checkRequest('update', request);
  const {
    out,
    s3Root,
    allowSuspect,
    onEvent,
    signal,
    threads,
    device,
    replay,
    replayFrom,
    ...chosen
  } = request;
  const { replay: most } = resolveTrainOptions({ replay });
  const engines = trainingEngines({ threads, device });
  const bundle = await readBundle(file);
  const old = await readReplay(file, modelIdOf(bundle.manifest), replayFrom);
  const { classes } = await openTrainingFolder(dir, { s3Root });
  if (out !== undefined) await assertModelWritable(out);
  const { backbone } = await openBackbone(chosen, bundle.manifest.method, engines.engine, bundle);
  const kept = out === undefined ? undefined : await openReplay(out, most);
  try {
    const updated = await updateOnEntries({
      ...engines,
      backbone,
      bundle,
      good: classes.flatMap(({ entries }) => entries),
      replay: old,
      keep: kept,
      openScratch: fileScratch,
      allowSuspect,
      now: () => new Date(),
      onEvent,
      signal,
    });
    if (out !== undefined) {
      await writeAtomically(out, updated.bundle.bytes);
      await kept?.commit(modelIdOf(updated.bundle.manifest));
    }
    return updated;
  } finally {
    await kept?.discard();
  }
}
