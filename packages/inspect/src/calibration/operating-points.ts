import type { Manifest } from '../bundle/manifest.ts';
import {
  formatRule,
  parseRule,
  type ThresholdRule,
  takesDefects,
  thresholdOf,
} from '../bundle/threshold-rules.ts';
import { ascending } from '../metrics/order.ts';
import { type ThresholdRules, underRules } from './calibration.ts';

/** Scores of labelled test images. */
export interface LabelledScores {
  readonly good: readonly number[];
  readonly defects: readonly number[];
}

/** A possible threshold, with its results on the test images that it was found on. */
export interface OperatingPoint {
  /** Canonical text of the rule that gives it: `f1`, `recall:0.95`. */
  readonly rule: string;
  /** In the unit of scores, with as few digits as separate the images. */
  readonly threshold: number;
  /** Defects that score above it. */
  readonly truePositives: number;
  /** Good images that score above it. */
  readonly falsePositives: number;
}

const offered: readonly ThresholdRule[] = [
  { kind: 'f1' },
  { kind: 'recall', amount: 0.95 },
  { kind: 'recall', amount: 0.99 },
];

/**
 * The thresholds of the best F1 and of a recall of 95 % and 99 %. They are found and counted on
 * the same images, so results on new images will be somewhat worse.
 * @returns nothing if only one label is present, or a score is not finite
 */
export function operatingPoints({ good, defects }: LabelledScores): OperatingPoint[] {
  const all = [...good, ...defects];
  if (good.length === 0 || defects.length === 0 || !all.every(Number.isFinite)) return [];
  const sorted = ascending(good);
  return offered.map((rule) => {
    const threshold = shorten(thresholdOf(rule, sorted, defects), all);
    const above = (scores: readonly number[]) => scores.filter((score) => score > threshold).length;
    const counts = { truePositives: above(defects), falsePositives: above(good) };
    return { rule: formatRule(rule), threshold, ...counts };
  });
}

/** The fewest significant digits of a threshold. */
const FEWEST_DIGITS = 3;
/** Enough for every double. */
const ALL_DIGITS = 17;

/** The number with the fewest digits that has the same scores above it. */
function shorten(threshold: number, scores: readonly number[]): number {
  const above = scores.filter((score) => score > threshold);
  const lowestAbove = above.reduce((a, b) => Math.min(a, b), Number.POSITIVE_INFINITY);
  const highestBelow = scores.reduce(
    (highest, score) => (score <= threshold ? Math.max(highest, score) : highest),
    Number.NEGATIVE_INFINITY,
  );
  for (let digits = FEWEST_DIGITS; digits < ALL_DIGITS; digits++) {
    const short = Number(threshold.toPrecision(digits));
    if (short >= highestBelow && short < lowestAbove) return short;
  }
  return threshold;
}

/**
 * The manifest under other rules: those that need labelled defects (`f1`, `recall:R`) are applied to the scores of the
 * images being evaluated, and all others to the scores in the manifest, as {@link underRules} does.
 * @throws OPTION_INVALID, THRESHOLD_UNSUPPORTED
 */
export function underLabelledRules(
  manifest: Manifest,
  asked: ThresholdRules,
  { good, defects }: LabelledScores,
): Manifest {
  const sorted = ascending(good);
  const settle = (text: string | undefined) => {
    const rule = text === undefined || text === 'none' ? undefined : parseRule(text);
    if (!rule || !takesDefects(rule)) return { text };
    return { text: String(thresholdOf(rule, sorted, defects)), rule: formatRule(rule) };
  };
  const [threshold, unsure] = [settle(asked.threshold), settle(asked.unsure)];
  const { calibration, ...others } = underRules(manifest, {
    threshold: threshold.text,
    unsure: unsure.text,
  });
  const doubt = calibration.unsure && {
    ...calibration.unsure,
    ...(unsure.rule && { rule: unsure.rule }),
  };
  return {
    ...others,
    calibration: {
      ...calibration,
      ...(threshold.rule && { rule: threshold.rule }),
      ...(doubt && { unsure: doubt }),
    },
  };
}
