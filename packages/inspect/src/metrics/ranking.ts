import { fail } from '@bigrid/errors';

/** Anomaly scores, higher is more anomalous. Any finite unit; only their order counts. */
export type Scores = Float32Array | readonly number[];

/** The label of each score's image or pixel: 0 or false is good, anything else is defective. */
export type Labels = Uint8Array | readonly (number | boolean)[];

/**
 * What a threshold at each distinct score would detect. Made once by {@link rank}, and read by every metric and
 * curve. A score at or above the threshold counts as anomalous.
 */
export interface Ranking {
  /** The distinct scores, descending. Empty if there are no scores or one of them is NaN. */
  readonly thresholds: Float64Array;
  /** Defects scored at or above each threshold. */
  readonly truePositives: Float64Array;
  /** Good images or pixels scored at or above each threshold. */
  readonly falsePositives: Float64Array;
  /** All defects. */
  readonly positives: number;
  /** All good images or pixels. */
  readonly negatives: number;
}

/**
 * Sorts scores once and counts, at each distinct one, the true and false positives. Equal scores (0 and -0
 * too) share one threshold.
 *
 * @param scores a NaN leaves the ranking empty and its metrics NaN
 * @param labels one per score
 * @throws GRAPH_SHAPE_MISMATCH if there are not as many labels as scores
 */
export function rank(scores: Scores, labels: Labels): Ranking {
  if (labels.length !== scores.length) {
    fail(
      'GRAPH_SHAPE_MISMATCH',
      `Expected ${scores.length} labels for ${scores.length} scores but received ${labels.length}`,
    );
  }
  const marks =
    labels instanceof Uint8Array ? labels : Uint8Array.from(labels, (label) => (label ? 1 : 0));
  const positives = countMarked(marks);
  const negatives = scores.length - positives;
  if (scores.some(Number.isNaN)) return unranked(positives, negatives);
  const positiveKeys = new Float64Array(positives);
  const negativeKeys = new Float64Array(negatives);
  let positive = 0;
  let negative = 0;
  for (const [index, score] of scores.entries()) {
    if (marks[index] === 0) negativeKeys[negative++] = -score;
    else positiveKeys[positive++] = -score;
  }
  positiveKeys.sort();
  negativeKeys.sort();
  const keys = new Float64Array(countDistinct(positiveKeys, negativeKeys));
  const counts = cumulate(positiveKeys, negativeKeys, keys);
  // Subtracting from 0 keeps a key of 0, while negating would give -0.
  return { thresholds: keys.map((key) => 0 - key), ...counts, positives, negatives };
}

function unranked(positives: number, negatives: number): Ranking {
  return {
    thresholds: new Float64Array(0),
    truePositives: new Float64Array(0),
    falsePositives: new Float64Array(0),
    positives,
    negatives,
  };
}

function countMarked(labels: Uint8Array): number {
  let count = 0;
  for (let index = 0; index < labels.length; index++) if (labels[index] !== 0) count++;
  return count;
}

/** The number of distinct keys in two ascending lists. */
function countDistinct(left: Float64Array, right: Float64Array): number {
  let count = 0;
  for (let i = 0, j = 0; i < left.length || j < right.length; count++) {
    const key = Math.min(left[i] ?? Infinity, right[j] ?? Infinity);
    while (i < left.length && left[i] === key) i++;
    while (j < right.length && right[j] === key) j++;
  }
  return count;
}

/** Merges two ascending lists: the distinct keys into `keys`, and how many of either list are at or below each. */
function cumulate(positiveKeys: Float64Array, negativeKeys: Float64Array, keys: Float64Array) {
  const truePositives = new Float64Array(keys.length);
  const falsePositives = new Float64Array(keys.length);
  let i = 0;
  let j = 0;
  for (let index = 0; index < keys.length; index++) {
    const key = Math.min(positiveKeys[i] ?? Infinity, negativeKeys[j] ?? Infinity);
    while (i < positiveKeys.length && positiveKeys[i] === key) i++;
    while (j < negativeKeys.length && negativeKeys[j] === key) j++;
    keys[index] = key;
    truePositives[index] = i;
    falsePositives[index] = j;
  }
  return { truePositives, falsePositives };
}

/** Whether both labels are present and no score is NaN, so that metrics are defined. */
export function isDefined(ranking: Ranking): boolean {
  return ranking.thresholds.length > 0 && ranking.positives > 0 && ranking.negatives > 0;
}

/** Returns a ranking as it is; ranks scores and labels. */
function toRanking(input: Ranking | Scores, labels: Labels | undefined): Ranking {
  return 'thresholds' in input ? input : rank(input, labels ?? []);
}

/**
 * Area under the receiver operating characteristic, in 0..1: the probability that a defect scores above a
 * good image or pixel, ties counting one half. Equal to scikit-learn's `roc_auc_score`; exact up to the last division.
 *
 * @returns NaN if only one label is present, or a score is NaN
 */
export function auroc(ranking: Ranking): number;
export function auroc(scores: Scores, labels: Labels): number;
export function auroc(input: Ranking | Scores, labels?: Labels): number {
  const ranking = toRanking(input, labels);
  if (!isDefined(ranking)) return Number.NaN;
  const { truePositives, falsePositives, positives, negatives } = ranking;
  // Twice the area in whole counts: at most twice positives * negatives, which a double holds exactly.
  let twiceArea = 0;
  let lastTrue = 0;
  let lastFalse = 0;
  for (let index = 0; index < truePositives.length; index++) {
    const hits = truePositives[index] as number;
    const alarms = falsePositives[index] as number;
    twiceArea += (alarms - lastFalse) * (hits + lastTrue);
    lastTrue = hits;
    lastFalse = alarms;
  }
  return twiceArea / (2 * positives * negatives);
}

/**
 * Average precision, in 0..1: the sum over falling thresholds of (R_n - R_(n-1)) P_n, with R_n the recall
 * and P_n the precision at the n-th. Equal to scikit-learn's `average_precision_score`: a step function, not
 * the trapezoid.
 *
 * @returns NaN where only one label is present (scikit-learn: 0 without defects, 1 without good ones, which
 *   would pass for measurements in a mean over classes), or a score is not a number
 */
export function averagePrecision(ranking: Ranking): number;
export function averagePrecision(scores: Scores, labels: Labels): number;
export function averagePrecision(input: Ranking | Scores, labels?: Labels): number {
  const ranking = toRanking(input, labels);
  if (!isDefined(ranking)) return Number.NaN;
  const { truePositives, falsePositives, positives } = ranking;
  let sum = 0;
  let lastTrue = 0;
  for (let index = 0; index < truePositives.length; index++) {
    const hits = truePositives[index] as number;
    if (hits === lastTrue) continue;
    sum += ((hits - lastTrue) * hits) / (hits + (falsePositives[index] as number));
    lastTrue = hits;
  }
  return sum / positives;
}

/**
 * Average precision if each threshold stands for a range of scores: those within a range count as if in random order,
 * so the width of the ranges has little effect.
 *
 * @returns NaN if {@link averagePrecision} is
 */
export function binnedAveragePrecision(ranking: Ranking): number {
  if (!isDefined(ranking)) return Number.NaN;
  const { truePositives, falsePositives, positives } = ranking;
  let sum = 0;
  let [lastTrue, lastFalse] = [0, 0];
  for (let index = 0; index < truePositives.length; index++) {
    const hits = truePositives[index] as number;
    const alarms = falsePositives[index] as number;
    if (hits > lastTrue) {
      const halfway = hits + lastTrue;
      sum += ((hits - lastTrue) * halfway) / (halfway + alarms + lastFalse);
    }
    [lastTrue, lastFalse] = [hits, alarms];
  }
  return sum / positives;
}

/** The best F1 and where it is reached. */
export interface F1Max {
  /** F1 = 2 TP / (2 TP + FP + FN), in 0..1. */
  readonly value: number;
  /** A score at or above it is anomalous; in the unit of the scores. */
  readonly threshold: number;
}

/**
 * The highest F1 over all distinct scores as thresholds, as the maximum of 2PR / (P + R) over scikit-learn's
 * `precision_recall_curve`. Of several thresholds with the same F1, the lowest is returned: the one with
 * the fewest misses, and the first in scikit-learn's order.
 *
 * @returns value and threshold NaN if only one label is present, or a score is NaN
 */
export function f1Max(ranking: Ranking): F1Max;
export function f1Max(scores: Scores, labels: Labels): F1Max;
export function f1Max(input: Ranking | Scores, labels?: Labels): F1Max {
  const ranking = toRanking(input, labels);
  if (!isDefined(ranking)) return { value: Number.NaN, threshold: Number.NaN };
  const { thresholds, truePositives, falsePositives, positives } = ranking;
  let value = 0;
  let best = 0;
  for (let index = 0; index < thresholds.length; index++) {
    const hits = truePositives[index] as number;
    // The denominator is 2 TP + FP + FN, as TP + FN are all positives.
    const f1 = (2 * hits) / (hits + (falsePositives[index] as number) + positives);
    if (f1 >= value) {
      value = f1;
      best = index;
    }
  }
  return { value, threshold: thresholds[best] as number };
}
