import { judge, type Thresholds } from '@bigrid/inspect';
import type { Image } from '../api/types.ts';

/** What a person has said against a verdict. */
export type Mark = 'falseAlarm' | 'missed';

/**
 * A label that contradicts the verdict is a mark, so that marks need no store of their own: a good image that is anomalous
 * is a false positive, and a defect that is not is missed.
 */
export function markOf(
  { label }: Pick<Image, 'label'>,
  score: number,
  thresholds: Thresholds,
): Mark | undefined {
  const isAnomalous = judge(score, thresholds) === 'anomalous';
  if (label === 'normal' && isAnomalous) return 'falseAlarm';
  return label === 'defect' && !isAnomalous ? 'missed' : undefined;
}
