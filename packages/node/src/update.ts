import {
  modelIdOf,
  resolveTrainOptions,
  type Update,
  update as updateOnEntries,
} from '@bigrid/inspect';
import type { DatasetOptions } from './datasets/dataset.ts';
import { openTrainingFolder } from './datasets/folders.ts';
import { onnxRuntimeEngine } from './engine/engine.ts';
import { assertModelWritable, writeAtomically } from './files/files.ts';
import { readBundle } from './model-file.ts';
import { checkArguments, checkRequest } from './requests.ts';
import { type BackboneFile, openBackbone } from './training/backbones.ts';
import { openReplay, readReplay } from './training/replay-folder.ts';
import { fileScratch } from './training/scratch.ts';
import type { WorkOptions } from './work-options.ts';

export interface UpdateRequest extends BackboneFile, DatasetOptions, WorkOptions {
  /** Good images to keep next to the new model file, 0..1024; 0 for none. Default: as in training. */
  readonly replay?: number | undefined;
  /** Folder of those kept with the old bundle, where it is not next to it. */
  readonly replayFrom?: string | undefined;
  /** Learn images that score far beyond what good ones reach. Default: false, which refuses them. */
  readonly allowSuspect?: boolean | undefined;
  /** File to write the new bundle to; that of the old one may be it. */
  readonly out?: string | undefined;
}

/**
 * Teaches a bundle new good images, such as false alarms, without forgetting the old ones, of which training kept some
 * beside it. Its thresholds are recalibrated by its own rules.
 * @param file of the bundle
 * @param dir where the new good images lie, in any layout that {@link train} takes. What lies there counts as good
 * @throws REPLAY_MISSING, SUSPECT_IMAGES, OPTION_INVALID where the bundle has another backbone, DATA_EMPTY, DATA_NO_GOOD,
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
  const engine = onnxRuntimeEngine({ threads, device });
  const bundle = await readBundle(file);
  const old = await readReplay(file, modelIdOf(bundle.manifest), replayFrom);
  const { classes } = await openTrainingFolder(dir, { s3Root });
  if (out !== undefined) await assertModelWritable(out);
  const { backbone } = await openBackbone(chosen, bundle.manifest.method, engine, bundle);
  const kept = out === undefined ? undefined : await openReplay(out, most);
  try {
    const updated = await updateOnEntries({
      engine,
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
