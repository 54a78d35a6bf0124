import {
  type Bundle,
  Detector,
  type FailedInspection,
  type ImageEntry,
  inspect as inspectEntries,
  type ThresholdRules,
  underRules,
  type Verdict,
} from '@bigrid/inspect';
import { listImages } from './datasets/folders.ts';
import { parallelEngine } from './engine/engine.ts';
import { imageEntry } from './images/images.ts';
import { bundleFrom, withMask } from './model-file.ts';
import { checkArguments, checkRequest } from './requests.ts';
import type { WorkOptions } from './work-options.ts';

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
