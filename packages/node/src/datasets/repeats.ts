import { resolve } from 'node:path';
import { counted, fail } from '@bigrid/errors';
import { realpath } from '../files/system.ts';
import type { ListedImage } from './dataset.ts';

export interface ListedOnce {
  readonly images: readonly ListedImage[];
  /** One sentence where entries were dropped. */
  readonly remarks: readonly string[];
}

/**
 * Takes each file of a list once for each role. Files are compared by where their paths lead, so that `./1.png` and a
 * link to it are the same.
 *
 * @throws DATASET_INVALID when two entries label one file differently: which of them is right cannot be known, and a
 *   defect learnt as good is never found again.
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
    // From now on this mask is the one to agree with.
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
        : [`${counted(repeats, 'repeat')} of an image that is listed already: each counts once.`],
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
