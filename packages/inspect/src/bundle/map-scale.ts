import type { Manifest } from './manifest.ts';

/** Between which map values heat maps of a bundle are coloured, for every image alike. */
export interface MapScale {
  /** Up to here an image stays plain: the threshold of maps, so that what is coloured is what is outlined. */
  readonly lowest: number;
  /** From here on it gets the brightest colour. */
  readonly highest: number;
}

/** Times the error at the threshold that is drawn brightest. */
const BRIGHTEST = 2;
/** A map can be 0 everywhere on good images; a scale needs a length. */
const LEAST_LENGTH = 1e-6;

/** The scale of a bundle's heat maps: from the threshold of maps to where the error is twice as large. */
export function mapScaleOf({
  calibration: { pixelThreshold },
  method: { expectation, taps },
}: Pick<Manifest, 'calibration' | 'method'>): MapScale {
  const lowest = Math.max(0, pixelThreshold);
  const highest =
    expectation === 'none' ? BRIGHTEST * lowest : timesTheError(BRIGHTEST, lowest, taps.length);
  return { lowest, highest: Math.max(highest, lowest * (1 + LEAST_LENGTH), LEAST_LENGTH) };
}

/**
 * A map of what is beyond expectation is the root of a sum of logarithms, one a tap: m = sqrt(sum of log(1 + energy)). Twice
 * its value is many times the error. Where all taps err alike, this is the value at which they err so many times as much.
 */
function timesTheError(times: number, value: number, taps: number): number {
  const logarithm = value ** 2 / taps;
  const energies = 2 * Math.log(times);
  // log(1 + times^2 (e^logarithm - 1)), without what would be too large for a number.
  const more = Math.log1p(Math.expm1(-energies) * Math.exp(-logarithm));
  return Math.sqrt(taps * (logarithm + energies + more));
}
