import type { Manifest } from './manifest.ts';

/** The range of map values that heat maps of a bundle colour, the same for every image. */
export interface MapScale {
  /** Below it nothing is coloured: the map threshold, so what is coloured is what is outlined. */
  readonly lowest: number;
  /** From here on the colour is the brightest. */
  readonly highest: number;
}

/** The error that is drawn brightest, as a multiple of that at the threshold. */
const BRIGHTEST = 2;
/** A map can be 0 everywhere on good images, but a scale needs a length. */
const LEAST_LENGTH = 1e-6;

/** The scale of a bundle's heat maps: from the map threshold to twice the error. */
export function mapScaleOf({
  calibration: { pixelThreshold },
  method: { expectation, taps },
}: {
  readonly calibration: Pick<Manifest['calibration'], 'pixelThreshold'>;
  readonly method: Pick<Manifest['method'], 'expectation' | 'taps'>;
}): MapScale {
  const lowest = Math.max(0, pixelThreshold);
  const highest =
    expectation === 'none' ? BRIGHTEST * lowest : timesTheError(BRIGHTEST, lowest, taps.length);
  return { lowest, highest: Math.max(highest, lowest * (1 + LEAST_LENGTH), LEAST_LENGTH) };
}

/**
 * A map of errors beyond expectation is the root of a sum of logarithms, one per tap: m = sqrt(sum of log(1 + energy)), so
 * twice its value is many times the error. If all taps have the same error, this is the value at `times` that error.
 */
function timesTheError(times: number, value: number, taps: number): number {
  const logarithm = value ** 2 / taps;
  const energies = 2 * Math.log(times);
  // log(1 + times^2 (e^logarithm - 1)), without overflow.
  const more = Math.log1p(Math.expm1(-energies) * Math.exp(-logarithm));
  return Math.sqrt(taps * (logarithm + energies + more));
}
