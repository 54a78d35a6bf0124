import { basename, resolve } from 'node:path';
import { fail } from '@bigrid/errors';
import {
  type Bundle,
  type ImageEntry,
  recalibrate,
  type ThresholdRules,
  underRules,
  withManifest,
} from '@bigrid/inspect';
import { openCalibrationFolder } from './datasets/folders.ts';
import { openIgnoredAreas } from './datasets/ignored-areas.ts';
import { parallelEngine } from './engine/engine.ts';
import { assertModelWritable, writeAtomically } from './files/files.ts';
import { bundleFrom, type ModelSource } from './model-file.ts';
import { checkArguments, checkRequest } from './requests.ts';
import type { WorkOptions } from './work-options.ts';

export interface CalibrateRequest extends WorkOptions, ThresholdRules {
  /**
   * Good images that training never saw: a folder with `test/good`, with `good`, with images directly in it, or with one
   * such folder per class. Default: the scores stored in the bundle are used.
   */
  readonly dir?: string | undefined;
  /**
   * Accept images that the model was trained on, and images that score far above good ones. Default: false, which
   * rejects them.
   */
  readonly allowSuspect?: boolean | undefined;
  /** Path of a mask of areas to ignore, as for training; it replaces the bundle's own mask. */
  readonly mask?: string | undefined;
  /** File to write the bundle to; may be the file it was read from. */
  readonly out?: string | undefined;
}

/**
 * Recalibrates the thresholds of a model file. The model itself does not change.
 * @throws OPTION_INVALID, THRESHOLD_UNSUPPORTED, SUSPECT_IMAGES, DATA_EMPTY, DATA_NO_GOOD, BUNDLE_INVALID,
 *   OUTPUT_UNWRITABLE, DEVICE_MISSING, CANCELLED
 */
export async function calibrate(
  model: ModelSource,
  request: CalibrateRequest = {},
): Promise<Bundle> {
  checkArguments({ model });
  checkRequest('calibrate', request);
  const { dir, threshold, unsure, mask, allowSuspect, out, onEvent, signal, ...machine } = request;
  if (dir === undefined && mask !== undefined) {
    fail(
      'OPTION_INVALID',
      `Expected a folder of good images to score under the mask ${mask} but received none`,
    );
  }
  const opened = await bundleFrom(model);
  if (out !== undefined) await assertModelWritable(out);
  const calibrated =
    dir === undefined
      ? withManifest(opened, underRules(opened.manifest, { threshold, unsure }))
      : await recalibrate({
          ...(await openCalibration(dir, mask, opened.manifest.classes)),
          engine: parallelEngine(machine),
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

/** Images to calibrate on, with their ignored areas. */
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
