import type { Manifest } from '@bigrid/inspect';

export interface HeatScale {
  /** Map values up to here leave the picture plain. */
  readonly lowest: number;
  /** Map values from here on get the brightest colour. */
  readonly highest: number;
  /** Map values above it are outlined. */
  readonly threshold: number;
}

/** One scale for all pictures of a bundle: pictures are drawn while others have not been seen yet. */
export function heatScaleOf({ calibration }: Manifest): HeatScale {
  // A map can be 0 everywhere on good pictures; a scale needs a length.
  const threshold = Math.max(calibration.pixelThreshold, 1e-6);
  return { lowest: 0.5 * threshold, highest: 5 * threshold, threshold };
}
