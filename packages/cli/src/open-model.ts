import { type Bundle, readBundle } from '@bigrid/node';
import { underRules, withMask } from '@bigrid/node/internal';

interface ModelFlags {
  readonly threshold?: string | undefined;
  readonly unsure?: string | undefined;
  readonly mask?: string | undefined;
}

/**
 * Reads a model file for one run.
 * @returns the model as the file and the mask of this run have it, and the same under the rules of this run
 * @throws PATH_MISSING, PATH_UNREADABLE, BUNDLE_INVALID, BUNDLE_TOO_NEW, OPTION_INVALID, THRESHOLD_UNSUPPORTED
 */
export async function openModel(
  file: string,
  { threshold, unsure, mask }: ModelFlags,
): Promise<{ readonly opened: Bundle; readonly bundle: Bundle }> {
  const read = await readBundle(file);
  const opened = mask === undefined ? read : await withMask(read, mask);
  return {
    opened,
    bundle: { ...opened, manifest: underRules(opened.manifest, { threshold, unsure }) },
  };
}
