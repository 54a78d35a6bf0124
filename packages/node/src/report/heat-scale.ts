import { type Evaluation, isAnomalous, type Manifest } from '@bigrid/inspect';

export interface HeatScale {
  /** Map values up to here leave the picture plain. */
  readonly lowest: number;
  /** Map values from here on get the brightest colour. */
  readonly highest: number;
  /** Map values above it are outlined. */
  readonly threshold: number;
}

/**
 * One scale for all pictures of a report. It starts a little below the bundle's threshold for pixels, so that
 * what comes near it is seen, and ends where half of the defective pictures have their peak: a mean of the
 * peaks would follow the one glaring defect and leave the slight ones pale.
 */
export function heatScaleOf(evaluation: Evaluation, manifest: Manifest): HeatScale {
  const threshold = manifest.calibration.pixelThreshold;
  const peaks = evaluation.pictures
    .filter(({ entry }) => isAnomalous(entry))
    .map(({ map }) => map.reduce((peak, value) => (value > peak ? value : peak), 0))
    .filter(Number.isFinite)
    .sort((a, b) => a - b);
  const middle = peaks[peaks.length >> 1] ?? 0;
  const lowest = 0.8 * threshold;
  const highest = Math.max(middle, 1.5 * threshold);
  return { lowest, highest: highest > lowest ? highest : lowest + 1, threshold };
}
