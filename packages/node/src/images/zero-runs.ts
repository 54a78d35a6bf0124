/** A run of zero bytes. */
export interface ZeroRun {
  readonly start: number;
  /** Offset after the last byte. */
  readonly end: number;
}

/**
 * Finds the runs of at least `least` zero bytes between `from` and `to`, in order. A file system that sets aside a file's
 * space before its data arrive, or loses a block of it, leaves such a run.
 */
export function* zeroRuns(
  bytes: Uint8Array,
  from: number,
  to: number,
  least: number,
): Generator<ZeroRun> {
  // Every run of that length contains a probed byte.
  let unseen = from;
  for (let probe = from + least - 1; probe < to; probe += least) {
    if (bytes[probe] !== 0) continue;
    let start = probe;
    while (start > unseen && bytes[start - 1] === 0) start--;
    let end = probe + 1;
    while (end < to && bytes[end] === 0) end++;
    if (end - start >= least) yield { start, end };
    unseen = end;
    probe = end;
  }
}

/** Description of such a run for errors. */
export function zerosInPlaceOf(what: string, { start, end }: ZeroRun): string {
  return `${end - start} zero bytes in place of ${what}`;
}
