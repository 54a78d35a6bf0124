import {
  type Evaluation,
  evaluate as evaluateEntries,
  ignoring,
  type SeenImage,
} from '@bigrid/inspect';
import type { DatasetOptions } from './datasets/dataset.ts';
import { openTestFolder } from './datasets/folders.ts';
import { openIgnoredAreas } from './datasets/ignored-areas.ts';
import { loadDetector } from './detector.ts';
import { bundleFrom, type ModelSource } from './model-file.ts';
import { checkArguments, checkRequest } from './requests.ts';
import type { WorkOptions } from './work-options.ts';

export interface EvaluateOptions extends WorkOptions, DatasetOptions {
  /** Path of a mask of areas to ignore, as for training; it replaces the bundle's own mask. */
  readonly mask?: string | undefined;
  /** Called with each image, its anomaly map and its mask, in order. A returned promise delays the next image. */
  readonly onImage?: ((seen: SeenImage) => void | Promise<void>) | undefined;
}

/**
 * Evaluates a bundle on labelled test images.
 * @param dir a folder in the layout of MVTec AD (`test/good`, `test/DEFECT`, `ground_truth/DEFECT`), a folder of such
 *   folders, or any other layout that {@link openDataset} recognises
 * @throws DATA_NO_TEST, DATASET_INVALID, BUNDLE_INVALID, DEVICE_MISSING, CANCELLED
 */
export async function evaluate(
  model: ModelSource,
  dir: string,
  options: EvaluateOptions = {},
): Promise<Evaluation> {
  checkArguments({ model, dir });
  checkRequest('evaluate', options);
  const { threads, device, s3Root, mask } = options;
  const opened = await bundleFrom(model);
  const found = await openTestFolder(dir, { s3Root });
  const areas = await openIgnoredAreas(
    mask,
    found.map(({ className }) => className),
  );
  const entries = found.map((entry) => areas.of(entry.className, entry));
  const masked = ignoring(opened, areas.everywhere);
  const { detector } = await loadDetector(masked, { threads, device });
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
