import { fail, isBigridError } from '@bigrid/errors';
import { type Bundle, ignoring, openBundle } from '@bigrid/inspect';
import { readIgnoredArea } from './datasets/ignored-areas.ts';
import { readBytes, systemCode } from './files/files.ts';
import { checkArguments } from './requests.ts';

/** Reads a model file. @throws PATH_MISSING, PATH_UNREADABLE, BUNDLE_INVALID, BUNDLE_TOO_NEW */
export async function readBundle(path: string): Promise<Bundle> {
  checkArguments({ file: path });
  return openBundle(await readBytes(path).catch((error: unknown) => failOnFolder(path, error)));
}

/** A folder instead of a model file usually means that the arguments were swapped: the remedy says so. */
function failOnFolder(path: string, error: unknown): never {
  if (!isBigridError(error) || systemCode(error.cause) !== 'EISDIR') throw error;
  return fail('PATH_UNREADABLE', `Expected a model file at ${path} but received a folder`, {
    cause: error,
    remedy:
      'Name the .onnx file that training wrote; the model file comes before the folder of images.',
  });
}

/** A model: the path or the bytes of a model file, or a bundle from {@link readBundle} or `train`. */
export type ModelSource = string | Uint8Array | Bundle;

/** The bundle of a model, read from its file if necessary. @throws what {@link readBundle} throws */
export async function bundleFrom(model: ModelSource): Promise<Bundle> {
  if (typeof model === 'string') return readBundle(model);
  return model instanceof Uint8Array ? openBundle(model) : model;
}

/** A bundle that ignores the areas that are white in a mask. @param mask path of an image */
export async function withMask(bundle: Bundle, mask: string): Promise<Bundle> {
  checkArguments({ model: bundle, mask });
  return ignoring(bundle, await readIgnoredArea(mask));
}
