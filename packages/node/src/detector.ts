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

/** How to load a model for inspection. Threshold rules apply to this run only. Default: the rules in the model file. */
export interface DetectorOptions extends EngineOptions, ThresholdRules {
  /** Path of a mask, white where images are ignored; it replaces the model's own mask. */
  readonly mask?: string | undefined;
  /** Smallest region to report, in image pixels, 0..1e8. Default: 0. */
  readonly smallestRegion?: number | undefined;
}

/**
 * Loads a model once, to inspect images one by one: camera frames, requests to a server. It inspects as many images at
 * once as it has threads; others wait. Its threads keep the process alive until `dispose` is called.
 * @param model path or bytes of a model file, or a bundle from {@link readBundle} or `train`
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

/** Loads a model into an engine that inspects one image per thread at once. The manifest has the requested rules applied. */
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
