import type { Calibration } from './manifest.ts';

/** The quantile of held-out scores that becomes the threshold. */
export const DEFAULT_QUANTILE = 0.99;

/**
 * The threshold from scores of good pictures that training never saw: their quantile, taken at the next higher
 * score, so that with few pictures it is the highest of them.
 * @param scores at least one
 * @param mapMaxima the highest map value of each of these pictures
 */
export function calibrate(
  scores: readonly number[],
  mapMaxima: readonly number[],
  quantile = DEFAULT_QUANTILE,
): Calibration {
  return {
    scores: ascending(scores),
    quantile,
    threshold: upperQuantile(scores, quantile),
    pixelThreshold: upperQuantile(mapMaxima, quantile),
  };
}

function upperQuantile(values: readonly number[], quantile: number): number {
  const sorted = ascending(values);
  return sorted[Math.ceil(quantile * (sorted.length - 1))] as number;
}

function ascending(values: readonly number[]): number[] {
  return [...values].sort((a, b) => a - b);
}
