// Compares two revisions by measurements on a shared machine.

import { Random } from '@bigrid/method';
import { median, quantile } from '../statistics.mjs';

/** A smaller change counts as none, however significant it is. */
const leastChange = 0.01;
/** Fewer pairs cannot distinguish a change from chance: all of five lie on one side by chance once in sixteen. */
const leastPairs = 5;
const resamples = 2000;

/**
 * Whether one revision is faster than another, from pairs of consecutive measurements. What slows both cancels in their
 * ratio; the median leaves out single disturbances; the 95 % bootstrap interval of that median
 * (pairs drawn with replacement, fixed seed) says how far it can be trusted.
 * @param now the new revision's figures, one per round
 * @param base the other revision's, of the same rounds
 * @param better `higher` or `lower`
 * @returns median ratio now / base, its interval, and `faster`, `slower`, `no difference` or `too few rounds`
 */
export function compare(now, base, better) {
  if (now.length !== base.length || now.length === 0) {
    throw new Error(`Expected as many figures of both but received ${now.length}, ${base.length}`);
  }
  const ratios = now.map((figure, round) => figure / base[round]);
  const random = new Random(1);
  const medians = Array.from({ length: resamples }, () =>
    median(ratios.map(() => ratios[random.integer(0, ratios.length - 1)])),
  );
  const [ratio, low, high] = [median(ratios), quantile(medians, 0.025), quantile(medians, 0.975)];
  return { ratio, low, high, verdict: verdictOf(ratio, low, high, ratios.length, better) };
}

function verdictOf(ratio, low, high, pairs, better) {
  if (pairs < leastPairs && low !== high) return 'too few rounds';
  if (low <= 1 && high >= 1) return 'no difference';
  if (Math.abs(ratio - 1) < leastChange) return 'no difference';
  return ratio > 1 === (better === 'higher') ? 'faster' : 'slower';
}
