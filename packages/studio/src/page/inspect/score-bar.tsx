import type { InspectionResult } from '../api/types.ts';
import { t } from '../texts/index.ts';

/** Multiple of the threshold at the end of the bar; higher scores fill it. */
const MOST = 2;

/** The score as a bar, with lines where unsure and anomalous begin. */
export function ScoreBar({ result }: { result: InspectionResult }) {
  const { score, threshold, unsureThreshold, verdict } = result;
  const end = threshold > 0 ? MOST * threshold : Math.max(score, 1);
  const at = (value: number) => `${100 * Math.min(1, Math.max(0, value / end))}%`;
  return (
    <div class={`score-bar tone-${verdict}`} role="img" aria-label={t.value.inspect.scoreBar}>
      <span class="fill" style={{ width: at(score) }} />
      {unsureThreshold !== undefined && (
        <span class="line unsure" style={{ insetInlineStart: at(unsureThreshold) }} />
      )}
      <span class="line" style={{ insetInlineStart: at(threshold) }} />
    </div>
  );
}
