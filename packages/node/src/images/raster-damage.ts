import { type ZeroRun, zeroRuns, zerosInPlaceOf } from './zero-runs.ts';

/** Location of uncompressed pixels in a file, at least 8 bits per sample, row by row. */
export interface Raster {
  /** Offset of the first byte. */
  readonly start: number;
  /** Offset after the last byte. */
  readonly end: number;
  /** Bytes from one row to the next. */
  readonly stride: number;
}

/** Zero bytes that count as a run. */
const LEAST_RUN = 1024;
/** Disks write whole sectors: what was not written begins and ends at multiples of this. */
const SECTOR = 512;
/** A tail this large, as a share of all rows, needs no sector to start at. */
const LARGE_TAIL = 1 / 8;
/** Share of zero bytes in a row up to an edge, above which black is the background of a scene or cut-out. */
const MOST_BLACK = 0.05;
/** Bytes to either side of an edge that are compared with the adjacent rows. */
const WINDOW = 192;
/** An edge that is no further from the end of a row is the end of a row: padding, and some pixels that happen to be black. */
const MARGIN = 9;
/** Mean value of bytes that are not black, and what the shading of an outline leaves of it. */
const LIT = 16;
const SHADED = 0.7;

/**
 * Distinguishes pixels that were never written from black ones; uncompressed data have no other protection.
 *
 * A scene's black area begins and ends where a row does, or where the adjacent rows darken as well. What was not written
 * starts within a row, whose pixels up to there and the row before it are as bright as ever. Such a break counts
 * - at both ends of a run that is longer than a row, or that begins and ends with a sector of the file;
 * - at the start of a run up to the last byte (at the end of one from the first byte on) that is an eighth of all data,
 *   or starts with a sector.
 *
 * @returns a description of the damage for an error; undefined if there is none
 */
export function rasterDamage(bytes: Uint8Array, raster: Raster): string | undefined {
  const end = Math.min(raster.end, bytes.length);
  for (const run of zeroRuns(bytes, raster.start, end, LEAST_RUN)) {
    if (isUnwritten(bytes, { ...raster, end }, run)) return zerosInPlaceOf('pixels', run);
  }
  return undefined;
}

function isUnwritten(bytes: Uint8Array, raster: Raster, run: ZeroRun): boolean {
  const length = run.end - run.start;
  const isLarge = length >= (raster.end - raster.start) * LARGE_TAIL;
  const startsWithSector = run.start % SECTOR === 0;
  const endsWithSector = run.end % SECTOR === 0;
  if (run.start === raster.start && run.end === raster.end) return false;
  if (run.end === raster.end) {
    return (isLarge || startsWithSector) && isBreak(bytes, raster, run.start, 1);
  }
  if (run.start === raster.start) {
    return (isLarge || endsWithSector) && isBreak(bytes, raster, run.end - 1, -1);
  }
  return (
    (length >= raster.stride || (startsWithSector && endsWithSector)) &&
    isBreak(bytes, raster, run.start, 1) &&
    isBreak(bytes, raster, run.end - 1, -1)
  );
}

/**
 * Whether a row breaks off where zeros begin, rather than darkening.
 * @param edge the outermost zero byte
 * @param inwards 1 where the zeros go on from it, -1 where they lead up to it
 */
function isBreak(bytes: Uint8Array, raster: Raster, edge: number, inwards: 1 | -1): boolean {
  const { start, end, stride } = raster;
  const column = (edge - start) % stride;
  if (Math.min(column, stride - 1 - column) < MARGIN) return false;
  const [before, twoBefore] = [edge - inwards * stride, edge - 2 * inwards * stride];
  // Needs two rows to compare.
  if (Math.min(before, twoBefore) - WINDOW < start) return false;
  if (Math.max(before, twoBefore) + WINDOW >= end) return false;
  /** From a byte on, in the order of the file. */
  const mean = (from: number, step: number) => {
    let sum = 0;
    for (let i = 0; i < WINDOW; i++) sum += bytes[from + step * i] ?? 0;
    return sum / WINDOW;
  };
  let black = 0;
  for (let i = 1; i <= stride; i++) if (bytes[edge - inwards * i] === 0) black++;
  const beyond = mean(before, inwards);
  const upTo = mean(edge - inwards, -inwards);
  return (
    black <= MOST_BLACK * stride &&
    beyond >= LIT &&
    beyond >= SHADED * mean(twoBefore, inwards) &&
    upTo >= LIT &&
    upTo >= SHADED * mean(before - inwards, -inwards)
  );
}
