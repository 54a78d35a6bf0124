import {
  type FailedInspection,
  type ImageEntry,
  inspect as inspectEntries,
  type Verdict,
} from '@bigrid/inspect';
import { type DetectorOptions, loadDetector } from './detector.ts';
import type { ImageInput } from './images/image-input.ts';
import { imagesGiven } from './images-given.ts';
import { bundleFrom, type ModelSource } from './model-file.ts';
import { checkArguments, checkRequest } from './requests.ts';
import type { WorkOptions } from './work-options.ts';

/** Options of {@link inspect}. */
export interface InspectOptions extends WorkOptions, DetectorOptions {}

/**
 * Inspects images and yields one verdict per image, in order; an image that cannot be read yields its error. The model is
 * loaded for this run only; {@link openDetector} keeps it loaded.
 * @param model path or bytes of a model file, or a bundle from {@link readBundle} or `train`
 * @param images files, folders (searched for images) and images in memory; or an async iterable of entries, each inspected
 *   as soon as it arrives and returned with its verdict
 * @throws BUNDLE_INVALID, BUNDLE_TOO_NEW, PATH_MISSING, DATA_EMPTY, DEVICE_MISSING, OPTION_INVALID,
 *   THRESHOLD_UNSUPPORTED, CANCELLED
 */
export function inspect<Entry extends ImageEntry>(
  model: ModelSource,
  images: readonly Entry[] | AsyncIterable<Entry>,
  options?: InspectOptions,
): AsyncGenerator<Verdict<Entry> | FailedInspection<Entry>>;
export function inspect(
  model: ModelSource,
  images: readonly ImageInput[],
  options?: InspectOptions,
): AsyncGenerator<Verdict | FailedInspection>;
export async function* inspect(
  model: ModelSource,
  images: readonly ImageInput[] | AsyncIterable<ImageEntry>,
  options: InspectOptions = {},
): AsyncGenerator<Verdict | FailedInspection> {
  checkArguments({ model, images });
  checkRequest('inspect', options);
  const bundle = await bundleFrom(model);
  const entries = Symbol.asyncIterator in images ? images : await imagesGiven(images);
  const { detector, manifest } = await loadDetector(bundle, options);
  try {
    yield* inspectEntries(detector, manifest, entries, options);
  } finally {
    await detector.dispose();
  }
}
