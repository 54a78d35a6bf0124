import { jpegStructure } from './jpeg-structure.ts';
import { type ZeroRun, zeroRuns, zerosInPlaceOf } from './zero-runs.ts';

/** Zero bytes in coded data that count as a run: they would fill a whole block with one and the same coefficient. */
const LEAST_RUN = 64;
/** Bytes that a truncation trial takes off: more than the decoder reads ahead. */
const TRIAL_BYTES = 16;

/** Maximum number of scans in a sequential image: each trial takes as long as decoding. */
const MOST_TRIALS = 4;

/**
 * Finds damage in a JPEG that the decoder ignores silently: a missing end, and zeros in place of coded data. libjpeg decodes
 * zeros like any other bits, and stops reading once it has enough blocks.
 *
 * @param decodes whether a changed copy of the bytes can be decoded without any warning
 * @returns a description of the damage for an error; undefined if there is none
 */
export async function jpegDamage(
  bytes: Uint8Array,
  decodes: (bytes: Uint8Array) => Promise<boolean>,
): Promise<string | undefined> {
  const { scans, isProgressive, end } = jpegStructure(bytes);
  if (end === undefined) return 'no end-of-image marker';
  let trials = 0;
  const decodesWithout = async (part: ZeroRun) =>
    trials++ < MOST_TRIALS && decodes(without(bytes, part));
  for (const scan of scans) {
    const runs = [...zeroRuns(bytes, scan.start, scan.end, LEAST_RUN)];
    const last = runs.at(-1);
    const isPadded = last?.end === scan.end && (await decodesWithout(last));
    const [run] = isPadded ? runs.slice(0, -1) : runs;
    if (run === undefined) continue;
    if (!scan.zerosAreFlat) return zerosInPlaceOf('coded data', run);
    // Of flat areas such runs are usual. In place of anything else they code too many blocks, and the end is not needed; in
    // a progressive JPEG, libjpeg warns of that.
    const tail = { start: scan.end - TRIAL_BYTES, end: scan.end };
    if (!isProgressive && (await decodesWithout(tail))) return zerosInPlaceOf('coded data', run);
  }
  return undefined;
}

/**
 * The libjpeg messages that fail decoding. It only warns about wrong codes and missing or extra blocks, so warnings count,
 * unless the file has a non-standard header, which also causes warnings.
 */
export function strictnessFor(bytes: Uint8Array): 'warning' | 'error' {
  return jpegStructure(bytes).isSloppy ? 'error' : 'warning';
}

/** Removes zeros before the end-of-image marker: some cameras pad coded data to words. Undefined if there are none. */
export function withoutPadding(bytes: Uint8Array): Uint8Array | undefined {
  const { end = 0 } = jpegStructure(bytes);
  let start = end;
  while (bytes[start - 1] === 0) start--;
  return start === end ? undefined : without(bytes, { start, end });
}

function without(bytes: Uint8Array, { start, end }: ZeroRun): Uint8Array {
  return Buffer.concat([bytes.subarray(0, start), bytes.subarray(end)]);
}
