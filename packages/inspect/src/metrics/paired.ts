import { fail } from '@bigrid/errors';
import { bothNormalTails } from './normal-tail.ts';

/** 97.5th percentile of the standard normal distribution, for an interval that covers 95 %. */
const Z_95 = 1.959963984540054;

/**
 * Exact test of McNemar (1947) whether two classifiers err equally often on the same images. Of those that only one of them
 * gets right, each is as likely right as the other if they do: p = min(1, 2 P(K <= min(b, c))) with K ~ Binomial(b + c, 1/2).
 * @param firstOnly b: images that only the first classifier gets right
 * @param secondOnly c: images that only the second one gets right
 * @returns p-value, two-sided, 0..1
 */
export function mcNemar(firstOnly: number, secondOnly: number): number {
  const trials = firstOnly + secondOnly;
  const least = Math.min(firstOnly, secondOnly);
  // The largest term of the sum, by its logarithm: 2^-n alone is 0 for many images.
  let logarithm = -trials * Math.LN2;
  for (let i = 1; i <= least; i++) logarithm += Math.log((trials - least + i) / i);
  let [ratio, sum] = [1, 1];
  for (let k = least; k > 0; k--) {
    ratio *= k / (trials - k + 1);
    sum += ratio;
  }
  return Math.min(1, 2 * Math.exp(logarithm) * sum);
}

/** How the AUROC of two sets of scores of the same images differ. */
export interface AurocComparison {
  /** That of the second set less that of the first, -1..1. */
  readonly difference: number;
  /** Interval that covers the true difference with a probability of 95 %, within -1..1. */
  readonly low: number;
  readonly high: number;
  /** Two-sided, 0..1. */
  readonly pValue: number;
}

/**
 * Test of DeLong, DeLong & Clarke-Pearson (1988) for two correlated ROC curves, with the midranks of Sun & Xu, "Fast
 * implementation of DeLong's algorithm for comparing the areas under correlated receiver operating characteristic curves"
 * (2014). With R the midrank of an image among all m defects and n good images, and R' among those with its label, its
 * component is (R - R') / n for a defect and 1 - (R - R') / m for a good image. The AUROC is the mean of the components of
 * the defects, and the variance of a difference of two is var(defects) / m + var(good) / n, each of the differences of the
 * components.
 * @param first score of each image, higher is more anomalous
 * @param second scores of the same images in the same order
 * @param labels true for a defect
 * @returns undefined if nothing can be said: there are fewer than two images with either label, or the two differ
 *   without any variance
 * @throws GRAPH_SHAPE_MISMATCH if the numbers of scores and labels differ
 */
export function compareAuroc(
  first: readonly number[],
  second: readonly number[],
  labels: readonly boolean[],
): AurocComparison | undefined {
  if (first.length !== labels.length || second.length !== labels.length) {
    fail(
      'GRAPH_SHAPE_MISMATCH',
      `Expected ${labels.length} scores of both for ${labels.length} labels but received ${first.length} and ${second.length}`,
    );
  }
  const [before, after] = [placements(first, labels), placements(second, labels)];
  const changes = labels.map((_, at) => (after[at] as number) - (before[at] as number));
  const defects = changes.filter((_, at) => labels[at]);
  const good = changes.filter((_, at) => !labels[at]);
  const [m, n] = [defects.length, good.length];
  if (m < 2 || n < 2) return undefined;
  const difference = mean(defects) / n;
  const deviation = Math.sqrt(variance(defects) / n ** 2 / m + variance(good) / m ** 2 / n);
  if (deviation === 0 && difference !== 0) return undefined;
  return {
    difference,
    low: Math.max(-1, difference - Z_95 * deviation),
    high: Math.min(1, difference + Z_95 * deviation),
    pValue: deviation === 0 ? 1 : bothNormalTails(difference / deviation),
  };
}

/** How many images with the other label each one outscores, ties counting one half: whole or half numbers. */
function placements(scores: readonly number[], labels: readonly boolean[]): Float64Array {
  const among = midranks(scores, [...scores.keys()]);
  for (const label of [false, true]) {
    const own = [...scores.keys()].filter((at) => labels[at] === label);
    const within = midranks(scores, own);
    for (const at of own) among[at] = (among[at] as number) - (within[at] as number);
  }
  return among;
}

/** Ranks from 1 of the scores at some places, ascending; equal ones share their mean. 0 at the other places. */
function midranks(scores: readonly number[], places: readonly number[]): Float64Array {
  const order = places.toSorted((a, b) => (scores[a] as number) - (scores[b] as number));
  const ranks = new Float64Array(scores.length);
  for (let start = 0; start < order.length; ) {
    const score = scores[order[start] as number];
    let end = start;
    while (end < order.length && scores[order[end] as number] === score) end++;
    for (let i = start; i < end; i++) ranks[order[i] as number] = (start + end + 1) / 2;
    start = end;
  }
  return ranks;
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

/** Of a sample, with n - 1. */
function variance(values: readonly number[]): number {
  const middle = mean(values);
  return values.reduce((sum, value) => sum + (value - middle) ** 2, 0) / (values.length - 1);
}
