import { fail } from '@bigrid/errors';
import type { Calibration, Manifest } from '../bundle/manifest.ts';
import {
  DEFAULT_RULE,
  formatRule,
  parseRule,
  type ThresholdRule,
  takesDefects,
  thresholdOf,
} from '../bundle/threshold-rules.ts';
import type { ImageStatistics } from '../image-statistics.ts';
import { referenceOf } from './drift.ts';

/** The scores to set thresholds by. */
export interface CalibrationScores {
  /** Of good images that training never saw; at least one, in any order. */
  readonly scores: readonly number[];
  /** The highest map value of each of them. */
  readonly mapMaxima: readonly number[];
  /** The group of near-duplicates of each of them, by any number. Default: there are none. */
  readonly groups?: readonly number[] | undefined;
  /** Where they come from. Default: held out. */
  readonly origin?: Calibration['origin'];
  /** Of labelled defects, for the rules f1 and recall. */
  readonly defectScores?: readonly number[];
  /** How good images look: these and, in training, those learnt from; at least one. */
  readonly images: readonly ImageStatistics[];
}

/** The rules of the thresholds, such as `quantile:0.99`. */
export interface ThresholdRules {
  /** Above it an image is anomalous. */
  readonly threshold?: string | undefined;
  /** Above this one, and not above the other, it is unsure; `none` for no unsure verdicts. */
  readonly unsure?: string | undefined;
}

/** The verdict on an image by its score. */
export type Judgement = 'normal' | 'unsure' | 'anomalous';

/** The thresholds between the verdicts. */
export type Thresholds = Pick<Calibration, 'threshold' | 'unsure'>;

export function judge(score: number, { threshold, unsure }: Thresholds): Judgement {
  if (score > threshold) return 'anomalous';
  return unsure && score > unsure.threshold ? 'unsure' : 'normal';
}

/**
 * Derives the thresholds from scores by rules. The map threshold follows from the maxima of maps by the same rule, or by the
 * default rule for f1, recall and a number, which apply to scores only.
 * @param rules default to quantile:0.99 for the threshold, and to no unsure verdicts
 * @throws OPTION_INVALID, also if `unsure` would begin above the threshold; THRESHOLD_UNSUPPORTED
 */
export function calibrate(
  { scores, mapMaxima, groups, origin = 'held-out', defectScores, images }: CalibrationScores,
  rules: ThresholdRules = {},
): Calibration {
  const rule = parseRule(rules.threshold ?? formatRule(DEFAULT_RULE));
  const byScore = orderOf(scores);
  const scored = {
    scores: pick(scores, byScore),
    mapMaxima: pick(mapMaxima, byScore),
    ...withGroups(groups && pick(groups, byScore)),
  };
  const thresholds = thresholdsBy(rule, scored, defectScores);
  const doubt = doubtBy(rules.unsure, scored, defectScores);
  return {
    ...scored,
    origin,
    images: referenceOf(images),
    ...thresholds,
    ...withDoubt(thresholds.threshold, doubt),
  };
}

/** The thresholds of scores (ascending) and of maps. */
function thresholdsBy(
  rule: ThresholdRule,
  { scores, mapMaxima, groups }: Pick<Calibration, 'scores' | 'mapMaxima' | 'groups'>,
  defectScores?: readonly number[],
): Pick<Calibration, 'rule' | 'threshold' | 'pixelThreshold'> {
  const byMaximum = orderOf(mapMaxima);
  return {
    rule: formatRule(rule),
    threshold: thresholdOf(rule, scores, defectScores, groups),
    pixelThreshold: thresholdOf(
      takesDefects(rule) || rule.kind === 'number' ? DEFAULT_RULE : rule,
      pick(mapMaxima, byMaximum),
      [],
      groups && pick(groups, byMaximum),
    ),
  };
}

/** The indices of values in ascending order. */
function orderOf(values: readonly number[]): number[] {
  return [...values.keys()].sort((a, b) => (values[a] as number) - (values[b] as number));
}

function pick(values: readonly number[], order: readonly number[]): number[] {
  return order.map((at) => values[at] as number);
}

/** Groups numbered from 0 in order of appearance; nothing if each image is its own group. */
function withGroups(groups: readonly number[] | undefined): Pick<Calibration, 'groups'> {
  const names = new Map<number, number>();
  for (const group of groups ?? []) if (!names.has(group)) names.set(group, names.size);
  if (!groups || names.size === groups.length) return {};
  return { groups: groups.map((group) => names.get(group) as number) };
}

/** Where unsure begins by a rule. */
function doubtBy(
  ruleText: string | undefined,
  { scores, groups }: Pick<Calibration, 'scores' | 'groups'>,
  defectScores?: readonly number[],
): Calibration['unsure'] {
  if (ruleText === undefined || ruleText === 'none') return undefined;
  const rule = parseRule(ruleText);
  return { rule: formatRule(rule), threshold: thresholdOf(rule, scores, defectScores, groups) };
}

function withDoubt(threshold: number, unsure: Calibration['unsure']): Pick<Calibration, 'unsure'> {
  if (!unsure) return {};
  if (unsure.threshold > threshold) {
    fail(
      'OPTION_INVALID',
      `Expected unsure to begin at or below the threshold ${threshold} but received ${unsure.threshold} by ${unsure.rule}: choose another rule for \`unsure\`, or none`,
    );
  }
  return { unsure };
}

/** Parses the given rules. @throws OPTION_INVALID */
export function rulesIn({ threshold, unsure }: ThresholdRules): ThresholdRule[] {
  return [threshold, unsure].flatMap((text) =>
    text === undefined || text === 'none' ? [] : [parseRule(text)],
  );
}

/** Whether one of the rules needs labelled defects. @throws OPTION_INVALID */
export function askForDefects(rules: ThresholdRules): boolean {
  return rulesIn(rules).some(takesDefects);
}

/** The given rules, with those of the bundle as defaults. */
export function rulesOf({ calibration }: Manifest, asked: ThresholdRules): ThresholdRules {
  return {
    threshold: asked.threshold ?? calibration.rule,
    unsure: asked.unsure ?? calibration.unsure?.rule,
  };
}

/**
 * The manifest under other rules, applied to the scores in it.
 * @param asked undefined rules are kept
 * @throws OPTION_INVALID; THRESHOLD_UNSUPPORTED if there are too few scores for the rule, and for f1 and recall
 */
export function underRules(manifest: Manifest, asked: ThresholdRules): Manifest {
  if (asked.threshold === undefined && asked.unsure === undefined) return manifest;
  const { unsure, ...current } = manifest.calibration;
  const calibration = {
    ...current,
    ...(asked.threshold === undefined ? {} : thresholdsBy(parseRule(asked.threshold), current)),
  };
  const doubt = asked.unsure === undefined ? unsure : doubtBy(asked.unsure, current);
  return {
    ...manifest,
    calibration: { ...calibration, ...withDoubt(calibration.threshold, doubt) },
  };
}
