import { counted } from '@bigrid/errors';
import type { Calibration } from '../bundle/manifest.ts';
import { falsePositiveRate, groupCount } from '../bundle/threshold-rules.ts';
import { upperRateBound } from './rate-bound.ts';

/** What a threshold guarantees for normal images that neither training nor calibration saw. */
export interface Promised {
  /**
   * Expected share of new normal images that score above the threshold, 0..1; undefined if nothing can be
   * guaranteed: the scored images have near-duplicates among those learnt, or all show one part.
   */
  readonly falsePositiveRate: number | undefined;
  /**
   * The rate in the long run is at most this with a confidence of {@link PROMISE_CONFIDENCE}, 0..1: the expectation is an
   * average over all draws of scored images, and this draw may have been lucky. Undefined if nothing can be guaranteed.
   */
  readonly falsePositiveBound: number | undefined;
  /** How many images were scored, and of how many parts: near-duplicates count as images of one part. */
  readonly images: number;
  readonly parts: number;
}

/** Parts to calibrate on for a meaningful threshold: with fewer, it varies from draw to draw. */
export const ENOUGH_PARTS = 20;

/** The confidence of {@link Promised.falsePositiveBound}. */
export const PROMISE_CONFIDENCE = 0.95;

export function promised({ scores, groups, origin, threshold }: Calibration): Promised {
  const parts = groupCount(scores, groups);
  const isKnown = origin !== 'near-duplicates' && parts > 1;
  const above = partsAbove(threshold, scores, groups);
  return {
    falsePositiveRate: isKnown ? falsePositiveRate(threshold, scores, groups) : undefined,
    falsePositiveBound: isKnown ? upperRateBound(above, parts, PROMISE_CONFIDENCE) : undefined,
    images: scores.length,
    parts,
  };
}

/** The parts of which any image scores above a threshold: no fewer than those of which a given image does. */
function partsAbove(
  threshold: number,
  scores: readonly number[],
  groups: readonly number[] | undefined,
): number {
  const above = [...scores.keys()].filter((at) => (scores[at] as number) > threshold);
  return groups ? new Set(above.map((at) => groups[at])).size : above.length;
}

/**
 * One sentence on what the threshold promises: `Expect at most about 1 in 21 normal images above it (from 20 images held
 * out).`
 */
export function describePromise(calibration: Calibration): string {
  const { falsePositiveRate, images, parts } = promised(calibration);
  const { origin } = calibration;
  if (origin === 'near-duplicates') {
    return `No false positive rate can be promised: all images look like shots of one part, so the threshold rests on near-duplicates of what was learnt. Collect images of at least ${ENOUGH_PARTS} different parts.`;
  }
  const ofParts = parts === images ? '' : ` of ${counted(parts, 'part')}`;
  const scored = `${counted(images, 'image')}${ofParts}${measured[origin]}`;
  if (falsePositiveRate === undefined) {
    return `No false positive rate can be promised: the threshold rests on ${scored}. Collect images of at least ${ENOUGH_PARTS} different parts.`;
  }
  const rate = Math.round(1 / falsePositiveRate);
  return `Expect at most about 1 in ${rate} normal images above it (from ${scored}).`;
}

const measured = {
  'held-out': ' held out of training',
  'cross-fitted': ', cross-fitted',
  given: ' given to calibration',
} as const;
