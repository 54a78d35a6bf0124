import { fail } from '@bigrid/errors';
import { isDefined, type Ranking } from './ranking.ts';

/** A point of the receiver operating characteristic. */
export interface RocPoint {
  /** Share of good images or pixels at or above the threshold, 0..1. */
  readonly falsePositiveRate: number;
  /** Share of the defects at or above the threshold, 0..1. */
  readonly truePositiveRate: number;
  /** In the unit of the scores; Infinity at the start, where nothing is anomalous. */
  readonly threshold: number;
}

/** A point of the precision-recall curve. */
export interface PrecisionRecallPoint {
  /** Share of the defects at or above the threshold, 0..1. */
  readonly recall: number;
  /** Share of defects among all at or above the threshold, 0..1; 1 by convention at the start. */
  readonly precision: number;
  /** In the unit of the scores; Infinity at the start, where nothing is anomalous. */
  readonly threshold: number;
}

/** The fewest points of a thinned curve. */
const fewestPoints = 4;

/** @throws OPTION_INVALID if `maximumPoints` is not an integer of at least {@link fewestPoints} */
export function checkMaximumPoints(maximumPoints: number): void {
  if (!Number.isInteger(maximumPoints) || maximumPoints < fewestPoints) {
    fail(
      'OPTION_INVALID',
      `Expected an integer of at least ${fewestPoints} for maximumPoints but received ${maximumPoints}`,
    );
  }
}

/**
 * Distance, along the curve, between the points kept of a curve that rises from (0, 0) to (1, 1). As both
 * coordinates only rise, x + y runs from 0 to 2: keeping the first point, the last, and each one that has advanced by
 * this step gives at most `maximumPoints`, and no part of the curve is further than one step from a kept point.
 */
export function thinningStep(maximumPoints: number): number {
  return 2 / (maximumPoints - 2);
}

/**
 * The receiver operating characteristic from (0, 0) to (1, 1), for plotting with straight lines: every
 * distinct score if those are few enough, otherwise thinned evenly along the curve.
 *
 * @param maximumPoints the most points returned, at least 4
 * @returns by descending threshold; empty if only one label is present, or a score is NaN
 * @throws OPTION_INVALID if `maximumPoints` is out of range
 */
export function rocCurve(ranking: Ranking, maximumPoints: number): RocPoint[] {
  checkMaximumPoints(maximumPoints);
  if (!isDefined(ranking)) return [];
  const { thresholds, truePositives, falsePositives, positives, negatives } = ranking;
  const points: RocPoint[] = [{ falsePositiveRate: 0, truePositiveRate: 0, threshold: Infinity }];
  const step = thresholds.length < maximumPoints ? 0 : thinningStep(maximumPoints);
  let kept = 0;
  for (let index = 0; index < thresholds.length; index++) {
    const falsePositiveRate = (falsePositives[index] as number) / negatives;
    const truePositiveRate = (truePositives[index] as number) / positives;
    const travelled = falsePositiveRate + truePositiveRate;
    if (travelled - kept < step && index < thresholds.length - 1) continue;
    points.push({ falsePositiveRate, truePositiveRate, threshold: thresholds[index] as number });
    kept = travelled;
  }
  return points;
}

/**
 * The precision-recall curve from recall 0 to 1, for plotting: every distinct score if those are few
 * enough, otherwise thinned to even steps of recall. A kept point is the first to reach its recall, where
 * precision is highest: the value that average precision sums. The last point includes everything, so its
 * precision is the share of defects.
 *
 * @param maximumPoints the most points returned, at least 4
 * @returns by descending threshold; empty if only one label is present, or a score is NaN
 * @throws OPTION_INVALID if `maximumPoints` is out of range
 */
export function precisionRecallCurve(
  ranking: Ranking,
  maximumPoints: number,
): PrecisionRecallPoint[] {
  checkMaximumPoints(maximumPoints);
  if (!isDefined(ranking)) return [];
  const { thresholds, truePositives, falsePositives, positives } = ranking;
  const points: PrecisionRecallPoint[] = [{ recall: 0, precision: 1, threshold: Infinity }];
  // Three points are not steps: the start, the first at recall 1, and the end.
  const step = thresholds.length < maximumPoints ? 0 : 1 / (maximumPoints - 3);
  let kept = 0;
  for (let index = 0; index < thresholds.length; index++) {
    const hits = truePositives[index] as number;
    const recall = hits / positives;
    const reachesAll = hits === positives && kept < 1;
    const isLast = index === thresholds.length - 1;
    if (recall - kept < step && !reachesAll && !isLast) continue;
    const precision = hits / (hits + (falsePositives[index] as number));
    points.push({ recall, precision, threshold: thresholds[index] as number });
    kept = recall;
  }
  return points;
}
