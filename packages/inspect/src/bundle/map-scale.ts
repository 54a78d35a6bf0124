import { DEFAULT_RULE, thresholdOf } from './threshold-rules.ts';

/** Between which map values heat maps of a bundle are coloured, for every picture alike. */
export interface MapScale {
  /** Up to here a picture stays plain. */
  readonly lowest: number;
  /** From here on it gets the brightest colour. */
  readonly highest: number;
}

/** Made-up defects of `bigrid demo` peak at 1.3 to 1.8 times what good pictures reach, half of them above 1.6. */
const BRIGHTEST = 1.6;
/** A map can be 0 everywhere on good pictures; a scale needs a length. */
const LEAST_LENGTH = 1e-6;

/**
 * The scale that good pictures set, whatever rule sets the thresholds: colour begins above what they reach (the
 * default rule over their highest map values), so that a good part stays dark.
 * @param mapMaxima at least one, ascending
 */
export function mapScaleOf(mapMaxima: readonly number[]): MapScale {
  const lowest = thresholdOf(DEFAULT_RULE, mapMaxima);
  return { lowest, highest: Math.max(BRIGHTEST * lowest, lowest + LEAST_LENGTH) };
}
