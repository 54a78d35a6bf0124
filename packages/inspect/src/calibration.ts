import type { Calibration, Manifest } from './manifest.ts';
import { mapScaleOf } from './map-scale.ts';
import { DEFAULT_RULE, formatRule, parseRule, thresholdOf } from './threshold-rules.ts';

/** What there is to set thresholds by. */
export interface CalibrationScores {
  /** Of good pictures that training never saw; at least one, in any order. */
  readonly scores: readonly number[];
  /** The highest map value of each of them. */
  readonly mapMaxima: readonly number[];
  /** Of labelled defects, which the rule f1 alone asks for. */
  readonly defectScores?: readonly number[];
}

/**
 * The thresholds that a rule makes of scores. That of maps follows from their maxima by the same rule; f1 and a number
 * speak of scores alone, so that with them it follows by the default rule.
 * @param ruleText as in `quantile:0.99`, the default
 * @throws OPTION_INVALID, THRESHOLD_UNSUPPORTED
 */
export function calibrate(
  { scores, mapMaxima, defectScores }: CalibrationScores,
  ruleText = formatRule(DEFAULT_RULE),
): Calibration {
  const rule = parseRule(ruleText);
  const [sorted, maxima] = [ascending(scores), ascending(mapMaxima)];
  return {
    scores: sorted,
    mapMaxima: maxima,
    rule: formatRule(rule),
    threshold: thresholdOf(rule, sorted, defectScores),
    pixelThreshold: thresholdOf(
      rule.kind === 'f1' || rule.kind === 'number' ? DEFAULT_RULE : rule,
      maxima,
    ),
    mapScale: mapScaleOf(maxima),
  };
}

/**
 * The manifest under another rule, from the scores that are in it. Where it is from before maxima of maps were kept,
 * the threshold of maps stays.
 * @param ruleText undefined leaves all as it is
 * @throws OPTION_INVALID; THRESHOLD_UNSUPPORTED where the scores are too few for the rule, and for f1
 */
export function underRule(manifest: Manifest, ruleText: string | undefined): Manifest {
  if (ruleText === undefined) return manifest;
  const { calibration: current } = manifest;
  const { scores, mapMaxima } = current;
  const rule = parseRule(ruleText);
  const calibration = mapMaxima
    ? { ...current, ...calibrate({ scores, mapMaxima }, ruleText) }
    : { ...current, rule: formatRule(rule), threshold: thresholdOf(rule, scores) };
  return { ...manifest, calibration };
}

function ascending(values: readonly number[]): number[] {
  return [...values].sort((a, b) => a - b);
}
