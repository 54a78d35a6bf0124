import { fail } from '@bigrid/errors';
import { z } from 'zod';
import { ascending } from '../metrics/order.ts';
import { f1Max } from '../metrics/ranking.ts';

/**
 * The rules that derive a threshold from scores: the one definition for the command line, the API and the docs. `amount`
 * is the number in the rule's text, as in `quantile:0.99`; f1 has none, and `number` is written as the bare number.
 */
export const thresholdRules = {
  quantile: {
    form: 'quantile:Q',
    amount: z.number().min(0).max(1),
    description: 'The Q quantile of the scores of good images, rounded up to an actual score',
  },
  'max-fpr': {
    form: 'max-fpr:A',
    amount: z.number().gt(0).lt(1),
    description:
      'A new good image of the same line scores above it with a probability of at most A, whatever the distribution of scores; needs at least 1 / A - 1 good images, counting near-duplicates as one',
  },
  sigma: {
    form: 'sigma:K',
    amount: z.number().min(0),
    description: 'The mean of the scores of good images plus K standard deviations',
  },
  f1: {
    form: 'f1',
    amount: undefined,
    description:
      'The threshold that maximises F1 over good images and labelled defects: for recalibration on a folder that has both',
  },
  recall: {
    form: 'recall:R',
    amount: z.number().gt(0).max(1),
    description:
      'The highest threshold at which at least a share R of labelled defects is detected: for recalibration on a folder that has both',
  },
  number: {
    form: 'NUMBER',
    amount: z.number(),
    description: 'The threshold itself, in the unit of scores',
  },
} as const;

/** A parsed rule. */
export type ThresholdRule =
  | { readonly kind: Exclude<keyof typeof thresholdRules, 'f1'>; readonly amount: number }
  | { readonly kind: 'f1' };

/** The rule if no other is given. */
export const DEFAULT_RULE: ThresholdRule = { kind: 'quantile', amount: 0.99 };

/** Whether a rule needs labelled defects. */
export function takesDefects(rule: ThresholdRule): boolean {
  return rule.kind === 'f1' || rule.kind === 'recall';
}

/** The text of a rule. */
export const thresholdRuleSchema = z
  .string()
  .refine((text) => readRule(text) !== undefined, { error: `Expected ${expectation()}` });

/** Parses the text of a rule. @throws OPTION_INVALID */
export function parseRule(text: string): ThresholdRule {
  return (
    readRule(text) ??
    fail(
      'OPTION_INVALID',
      `Expected ${expectation()} for the threshold but received ${text || 'nothing'}`,
    )
  );
}

/** The canonical text of a rule: `max-fpr:0.05` for `max-fpr:.050`. */
export function formatRule(rule: ThresholdRule): string {
  if (rule.kind === 'f1') return rule.kind;
  return rule.kind === 'number' ? String(rule.amount) : `${rule.kind}:${rule.amount}`;
}

/**
 * The threshold that a rule derives from scores; an image that scores strictly above it is anomalous.
 * @param scores of good images that training never saw, at least one, ascending
 * @param defectScores of labelled defects, for f1 and recall only
 * @param groups the group of near-duplicates of each score; undefined if there are none
 * @throws THRESHOLD_UNSUPPORTED if the rule needs more good images, or defects
 */
export function thresholdOf(
  rule: ThresholdRule,
  scores: readonly number[],
  defectScores: readonly number[] = [],
  groups?: readonly number[],
): number {
  switch (rule.kind) {
    case 'quantile':
      return scores[Math.ceil(rule.amount * (scores.length - 1))] as number;
    case 'max-fpr':
      return conformalThreshold(rule.amount, scores, groups);
    case 'sigma':
      return sigmaThreshold(rule.amount, scores);
    case 'f1':
      return bestF1Threshold(scores, defectScores);
    case 'recall':
      return recallThreshold(rule.amount, scores, defectScores);
    case 'number':
      return rule.amount;
  }
}

/** Rounding of decimals in binary: 0.29 * 100 is less than 29. */
const ROUNDING = 1e-9;

/**
 * The lowest score at which {@link falsePositiveRate} is at most `rate`: split conformal prediction, with groups of
 * near-duplicates instead of images, if there are any (Lee, Barber and Willett 2023, hierarchical conformal
 * prediction).
 */
function conformalThreshold(
  rate: number,
  scores: readonly number[],
  groups: readonly number[] | undefined,
): number {
  const shares = sharesOf(scores, groups);
  const count = groupCount(scores, groups);
  // How many groups may lie above it, in addition to the new image itself.
  const room = (count + 1) * rate - 1 + ROUNDING;
  if (room < 0) tooFewFor({ kind: 'max-fpr', amount: rate }, leastImages(rate), count);
  let at = scores.length - 1;
  for (let above = shares[at] as number; at > 0 && above <= room; above += shares[at] as number) {
    at--;
  }
  return scores[at] as number;
}

/**
 * The probability that a new good image of another part scores above a threshold: at most
 * (1 + sum of each group's share above it) / (groups + 1), since every order of the groups and a new one is equally
 * likely. An image without near-duplicates is a group of one.
 * @param scores at least one, in any order
 * @param groups the group of each score; undefined if there are no near-duplicates
 * @returns above 0, at most 1
 */
export function falsePositiveRate(
  threshold: number,
  scores: readonly number[],
  groups?: readonly number[],
): number {
  const shares = sharesOf(scores, groups);
  const above = scores.reduce(
    (sum, score, at) => (score > threshold ? sum + (shares[at] as number) : sum),
    0,
  );
  return (1 + above) / (groupCount(scores, groups) + 1);
}

/** The weight of each score: a group of near-duplicates counts as one image. */
function sharesOf(scores: readonly number[], groups: readonly number[] | undefined): number[] {
  if (!groups) return scores.map(() => 1);
  const sizes = new Map<number, number>();
  for (const group of groups) sizes.set(group, (sizes.get(group) ?? 0) + 1);
  return groups.map((group) => 1 / (sizes.get(group) as number));
}

/** The number of groups of near-duplicates; the number of scores if there are none. */
export function groupCount(scores: readonly number[], groups?: readonly number[]): number {
  return groups ? new Set(groups).size : scores.length;
}

/** The fewest good images that `max-fpr:RATE` needs: the smallest n with (n + 1) RATE of at least 1. */
export function leastImages(rate: number): number {
  return Math.ceil((1 - ROUNDING) / rate) - 1;
}

/** The fewest good images that a rule needs. */
export function leastScores(rule: ThresholdRule): number {
  if (rule.kind === 'max-fpr') return leastImages(rule.amount);
  return rule.kind === 'sigma' ? 2 : 1;
}

function sigmaThreshold(deviations: number, scores: readonly number[]): number {
  const count = scores.length;
  if (count < 2) tooFewFor({ kind: 'sigma', amount: deviations }, 2, count);
  const { mean, deviation } = momentsOf(scores);
  return mean + deviations * deviation;
}

/** Mean and sample standard deviation; the deviation of a single value is 0. */
export function momentsOf(values: readonly number[]): { mean: number; deviation: number } {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  return { mean, deviation: Math.sqrt(squares / Math.max(1, values.length - 1)) };
}

function bestF1Threshold(scores: readonly number[], defectScores: readonly number[]): number {
  checkDefects({ kind: 'f1' }, defectScores);
  const all = [...scores, ...defectScores];
  const labels = all.map((_, index) => index >= scores.length);
  return belowLowest(f1Max(all, labels).threshold, all);
}

/** The lowest of the highest ceil(n R) scores of n defects is the last that has to be above the threshold. */
function recallThreshold(
  recall: number,
  scores: readonly number[],
  defectScores: readonly number[],
): number {
  checkDefects({ kind: 'recall', amount: recall }, defectScores);
  const falling = ascending(defectScores).reverse();
  const caught = Math.ceil(recall * falling.length - ROUNDING);
  return belowLowest(falling[Math.max(1, caught) - 1] as number, [...scores, ...defectScores]);
}

function checkDefects(rule: ThresholdRule, defectScores: readonly number[]): void {
  if (defectScores.length > 0) return;
  fail(
    'THRESHOLD_UNSUPPORTED',
    `Expected scores of labelled defects for the threshold ${formatRule(rule)} but received only those of good images`,
  );
}

/** Halfway between the lowest score that should be anomalous and the highest that should not. */
function belowLowest(lowest: number, all: readonly number[]): number {
  const below = all.reduce(
    (highest, score) => (score < lowest && score > highest ? score : highest),
    Number.NEGATIVE_INFINITY,
  );
  if (below > Number.NEGATIVE_INFINITY) return (lowest + below) / 2;
  return lowest - Number.EPSILON * Math.abs(lowest || 1);
}

function tooFewFor(rule: ThresholdRule, least: number, received: number): never {
  return fail(
    'THRESHOLD_UNSUPPORTED',
    `Expected at least ${least} good images for the threshold ${formatRule(rule)} but received the scores of ${received}`,
  );
}

/** Numbers as people and JavaScript write them: 0.99, .5, 1e-7. */
const numeral = String.raw`([+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?)`;
const ruleText = new RegExp(`^(?:(quantile|max-fpr|sigma|recall):)?${numeral}$`, 'i');

function readRule(text: string): ThresholdRule | undefined {
  const trimmed = text.trim().toLowerCase();
  if (trimmed === 'f1') return { kind: 'f1' };
  const [, name = 'number', digits] = ruleText.exec(trimmed) ?? [];
  if (digits === undefined) return undefined;
  const kind = name as Exclude<keyof typeof thresholdRules, 'f1'>;
  // The sum turns -0 into 0.
  const amount = thresholdRules[kind].amount.safeParse(Number(digits) + 0);
  return amount.success ? { kind, amount: amount.data } : undefined;
}

function expectation(): string {
  return 'quantile:Q with Q from 0 to 1, max-fpr:A with A between 0 and 1, sigma:K with K of at least 0, f1, recall:R with R above 0 and at most 1, or a number';
}
