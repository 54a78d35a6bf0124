import { type Bundle, readBundle } from '@bigrid/node';
import { underRules, withMask } from '@bigrid/node/internal';

interface ModelFlags {
  readonly threshold?: string | undefined;
  readonly unsure?: string | undefined;
  readonly mask?: string | undefined;
}

/**
 * Reads a model file for one run.
 * @returns the model with the mask of this run, and the same with the threshold rules of this run applied
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
