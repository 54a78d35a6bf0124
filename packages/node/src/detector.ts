import {
  type Bundle,
  Detector,
  type Manifest,
  OpenDetector,
  type ThresholdRules,
  underRules,
} from '@bigrid/inspect';
import { type EngineOptions, parallelEngine } from './engine/engine.ts';
import { entryOf, type ImageInput } from './images/image-input.ts';
import { bundleFrom, type ModelSource, withMask } from './model-file.ts';
import { checkArguments, checkRequest } from './requests.ts';

/** How a model is loaded to inspect. Rules hold for this run alone, by the scores in the model file. Default: its own. */
export interface DetectorOptions extends EngineOptions, ThresholdRules {
  /** File of a mask of what to ignore, white there, instead of what the model ignores. */
  readonly mask?: string | undefined;
  /** Regions of fewer image pixels are left out, 0..1e8. Default: 0. */
  readonly smallestRegion?: number | undefined;
}

/**
 * Loads a model once, to inspect images one by one: frames of a camera, requests to a server. As many images are
 * inspected at once as there are threads; others wait. Its threads keep the process alive until it is disposed of.
 * @param model path or bytes of a model file, or what {@link readBundle} or `train` gave
 * @throws BUNDLE_INVALID, BUNDLE_TOO_NEW, PATH_MISSING, PATH_UNREADABLE, DEVICE_MISSING, OPTION_INVALID,
 *   THRESHOLD_UNSUPPORTED
 */
export async function openDetector(
  model: ModelSource,
  options: DetectorOptions = {},
): Promise<OpenDetector<ImageInput>> {
  checkArguments({ model });
  checkRequest('openDetector', options);
  const { detector, manifest } = await loadDetector(await bundleFrom(model), options);
  return new OpenDetector(detector, manifest, entryOf, options.smallestRegion);
}

/** A model in an engine that looks at as many images at once as it has threads, and its manifest under the rules asked for. */
export async function loadDetector(
  bundle: Bundle,
  {
    threads,
    device,
    mask,
    ...rules
  }: EngineOptions & ThresholdRules & { mask?: string | undefined },
): Promise<{ readonly detector: Detector; readonly manifest: Manifest }> {
  const manifest = underRules(bundle.manifest, rules);
  const model = mask === undefined ? bundle : await withMask(bundle, mask);
  return { detector: await Detector.load(parallelEngine({ threads, device }), model), manifest };
}
