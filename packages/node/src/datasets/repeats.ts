import { resolve } from 'node:path';
import { counted, fail } from '@bigrid/errors';
import { realpath } from '../files/system.ts';
import type { ListedImage } from './dataset.ts';

export interface ListedOnce {
  readonly images: readonly ListedImage[];
  /** One sentence if entries were dropped. */
  readonly remarks: readonly string[];
}

/**
 * Keeps each file of a list once per role. Paths are resolved, so that `./1.png` and a link to it are the same file.
 *
 * @throws DATASET_INVALID if two entries label a file differently: there is no telling which is right, and a defect that
 *   is trained on as good is never detected
 */
export async function withoutRepeats(all: readonly ListedImage[]): Promise<ListedOnce> {
  const files = new Map<string, ListedImage>();
  const kept = new Map<string, ListedImage>();
  const contradictions = new Map<string, string>();
  for (const image of all) {
    const { path } = image.entry;
    const file = await realpath(path).catch(() => resolve(path));
    const known = files.get(file);
    if (known === undefined) files.set(file, image);
    else {
      const contradiction = contradictionOf(known, image);
      if (contradiction !== undefined && !contradictions.has(file)) {
        contradictions.set(file, contradiction);
      }
    }
    const key = `${image.role}\0${file}`;
    const earlier = kept.get(key);
    if (earlier === undefined || (earlier.mask === undefined && image.mask !== undefined)) {
      kept.set(key, image);
    }
    // Later masks must agree with this one.
    if (known?.mask === undefined && image.mask !== undefined) files.set(file, image);
  }
  const [contradiction] = contradictions.values();
  if (contradiction !== undefined) {
    const more = contradictions.size - 1;
    const rest = more > 0 ? `; ${counted(more, 'more file')} likewise` : '';
    fail('DATASET_INVALID', contradiction + rest, { remedy: 'Delete the entries that are wrong.' });
  }
  const repeats = all.length - kept.size;
  return {
    images: [...kept.values()],
    remarks:
      repeats === 0
        ? []
        : [`${counted(repeats, 'duplicate entry', 'duplicate entries')}: each image counts once.`],
  };
}

function contradictionOf(one: ListedImage, other: ListedImage): string | undefined {
  const { path } = other.entry;
  const [label, otherLabel] = [labelOf(one), labelOf(other)];
  if (label !== otherLabel) {
    return `Expected one label for ${path} but received ${label} from ${one.where} and ${otherLabel} from ${other.where}`;
  }
  return one.mask !== undefined && other.mask !== undefined && one.mask !== other.mask
    ? `Expected one mask for ${path} but received one from ${one.where} and another from ${other.where}`
    : undefined;
}

function labelOf({ entry: { className, defect } }: ListedImage): string {
  return `${defect} (${className})`;
}
