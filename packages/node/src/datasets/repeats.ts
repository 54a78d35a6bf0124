import { resolve } from 'node:path';
import { fail } from '@bigrid/errors';
import { realpath } from '../files/system.ts';
import { counted, type ListedPicture } from './dataset.ts';

export interface ListedOnce {
  readonly pictures: readonly ListedPicture[];
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
export async function withoutRepeats(all: readonly ListedPicture[]): Promise<ListedOnce> {
  const files = new Map<string, ListedPicture>();
  const kept = new Map<string, ListedPicture>();
  const contradictions = new Map<string, string>();
  for (const picture of all) {
    const { path } = picture.entry;
    const file = await realpath(path).catch(() => resolve(path));
    const known = files.get(file);
    if (known === undefined) files.set(file, picture);
    else {
      const contradiction = contradictionOf(known, picture);
      if (contradiction !== undefined && !contradictions.has(file)) {
        contradictions.set(file, contradiction);
      }
    }
    const key = `${picture.role}\0${file}`;
    const earlier = kept.get(key);
    if (earlier === undefined || (earlier.mask === undefined && picture.mask !== undefined)) {
      kept.set(key, picture);
    }
    // From now on this mask is the one to agree with.
    if (known?.mask === undefined && picture.mask !== undefined) files.set(file, picture);
  }
  const [contradiction] = contradictions.values();
  if (contradiction !== undefined) {
    const more = contradictions.size - 1;
    const rest = more > 0 ? `; ${counted(more, 'more file')} likewise` : '';
    fail('DATASET_INVALID', contradiction + rest, { remedy: 'Delete the entries that are wrong.' });
  }
  const repeats = all.length - kept.size;
  return {
    pictures: [...kept.values()],
    remarks:
      repeats === 0
        ? []
        : [`${counted(repeats, 'repeat')} of an image that is listed already: each counts once.`],
  };
}

function contradictionOf(one: ListedPicture, other: ListedPicture): string | undefined {
  const { path } = other.entry;
  const [label, otherLabel] = [labelOf(one), labelOf(other)];
  if (label !== otherLabel) {
    return `Expected one label for ${path} but received ${label} from ${one.where} and ${otherLabel} from ${other.where}`;
  }
  return one.mask !== undefined && other.mask !== undefined && one.mask !== other.mask
    ? `Expected one mask for ${path} but received one from ${one.where} and another from ${other.where}`
    : undefined;
}

function labelOf({ entry: { className, defect } }: ListedPicture): string {
  return `${defect} (${className})`;
}
