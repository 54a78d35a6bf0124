import { basename, extname } from 'node:path';
import { type Bundle, type WeightPrecision, withWeightsIn } from '@bigrid/inspect';
import { calibrate } from './calibrate.ts';
import { assertModelWritable, writeAtomically } from './files/files.ts';
import { bundleFrom, type ModelSource } from './model-file.ts';
import { checkArguments, checkRequest } from './requests.ts';
import { writeTritonModel } from './triton.ts';
import type { WorkOptions } from './work-options.ts';

export interface ExportRequest extends WorkOptions {
  /** Stores weights in fewer bits; the model computes in float32 all the same. Default: as they are. */
  readonly weights?: WeightPrecision | undefined;
  /** Folder of good images to recalibrate the thresholds on, as {@link calibrate} takes it. */
  readonly calibrateOn?: string | undefined;
  /** As {@link calibrate} takes it. */
  readonly allowSuspect?: boolean | undefined;
  /** File to write the bundle to. */
  readonly out?: string | undefined;
  /** Model repository of Triton Inference Server to add it to. */
  readonly triton?: string | undefined;
  /** Its name there. Default: that of the bundle's file. */
  readonly name?: string | undefined;
}

/** A bundle that was exported, and where it lies in a repository of Triton, if it does. */
export interface Exported {
  readonly bundle: Bundle;
  readonly version?: string | undefined;
}

/**
 * Writes a bundle in another form: with smaller weights, as a model of Triton.
 * @throws OPTION_INVALID where weights are smaller already; BUNDLE_INVALID, BUNDLE_TOO_NEW, OUTPUT_UNWRITABLE, and what
 *   {@link calibrate} throws
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
