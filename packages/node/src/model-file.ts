import { fail, isBigridError } from '@bigrid/errors';
import { type Bundle, ignoring, openBundle } from '@bigrid/inspect';
import { readIgnoredArea } from './datasets/ignored-areas.ts';
import { readBytes, systemCode } from './files/files.ts';
import { checkArguments } from './requests.ts';

/** Opens a bundle file. @throws PATH_MISSING, PATH_UNREADABLE, BUNDLE_INVALID, BUNDLE_TOO_NEW */
export async function readBundle(path: string): Promise<Bundle> {
  checkArguments({ file: path });
  return openBundle(await readBytes(path).catch((error: unknown) => failOnFolder(path, error)));
}

/** Whoever names the folder of images first learns in what order they go. */
function failOnFolder(path: string, error: unknown): never {
  if (!isBigridError(error) || systemCode(error.cause) !== 'EISDIR') throw error;
  return fail('PATH_UNREADABLE', `Expected a model file at ${path} but received a folder`, {
    cause: error,
    remedy:
      'Name the .onnx file that `bigrid train` wrote; it comes before the folder of images where a command takes both.',
  });
}

/** A model: the path of its file, the bytes of its file, or what {@link readBundle} or `train` gave. */
export type ModelSource = string | Uint8Array | Bundle;

/** The model, opened where it is not. @throws what {@link readBundle} throws */
export async function bundleFrom(model: ModelSource): Promise<Bundle> {
  if (typeof model === 'string') return readBundle(model);
  return model instanceof Uint8Array ? openBundle(model) : model;
}

/** The bundle that ignores what a mask says: an image, white there. */
export async function withMask(bundle: Bundle, mask: string): Promise<Bundle> {
  checkArguments({ model: bundle, mask });
  return ignoring(bundle, await readIgnoredArea(mask));
}
