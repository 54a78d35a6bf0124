import type { Judgement } from '@bigrid/inspect';
import { t } from '../texts/index.ts';

/** A verdict as a word in its colour. */
export function VerdictBadge({ verdict }: { verdict: Judgement }) {
  return <span class={`badge tone-${verdict}`}>{t.value.verdicts[verdict]}</span>;
}
