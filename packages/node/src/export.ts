import { basename, extname } from 'node:path';
import { type Bundle, type WeightPrecision, withWeightsIn } from '@bigrid/inspect';
import { calibrate } from './calibrate.ts';
import { assertModelWritable, writeAtomically } from './files/files.ts';
import { bundleFrom, type ModelSource } from './model-file.ts';
import { checkArguments, checkRequest } from './requests.ts';
import { writeTritonModel } from './triton.ts';
import type { WorkOptions } from './work-options.ts';

export interface ExportRequest extends WorkOptions {
  /** Stores weights in fewer bits; the model still computes in float32. Default: weights are not changed. */
  readonly weights?: WeightPrecision | undefined;
  /** Folder of good images to recalibrate the thresholds on: `dir` of {@link calibrate}. */
  readonly calibrateOn?: string | undefined;
  /** As for {@link calibrate}. */
  readonly allowSuspect?: boolean | undefined;
  /** File to write the bundle to. */
  readonly out?: string | undefined;
  /** Model repository of Triton Inference Server to add the model to. */
  readonly triton?: string | undefined;
  /** Model name in the repository. Default: the name of the model file, without its extension. */
  readonly name?: string | undefined;
}

/** An exported bundle, and the folder of its version in the Triton repository, if it was added to one. */
export interface Exported {
  readonly bundle: Bundle;
  readonly version?: string | undefined;
}

/**
 * Exports a bundle with smaller weights, or to a model repository of Triton, or both.
 * @throws OPTION_INVALID if the weights are already smaller; BUNDLE_INVALID, BUNDLE_TOO_NEW, OUTPUT_UNWRITABLE, and
 *   whatever {@link calibrate} throws
 */
export async function exportBundle(
  model: ModelSource,
  request: ExportRequest = {},
): Promise<Exported> {
  checkArguments({ model });
  checkRequest('exportBundle', request);
  const { weights, calibrateOn, out, triton, name = nameOf(model), ...work } = request;
  if (out !== undefined) await assertModelWritable(out);
  let bundle = await bundleFrom(model);
  if (weights) bundle = withWeightsIn(bundle, weights);
  if (calibrateOn !== undefined) bundle = await calibrate(bundle, { ...work, dir: calibrateOn });
  if (out !== undefined) await writeAtomically(out, bundle.bytes);
  if (triton === undefined) return { bundle };
  return { bundle, version: await writeTritonModel(triton, name, bundle) };
}

function nameOf(model: ModelSource): string {
  return typeof model === 'string' ? basename(model, extname(model)) : 'bigrid';
}
