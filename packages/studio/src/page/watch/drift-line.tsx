import type { Drift } from '../api/types.ts';
import { language, t } from '../texts/index.ts';

/** Whether images still look as they did at calibration, in a sentence. */
export function DriftLine({ drift }: { drift: Drift | undefined }) {
  const { watch } = t.value;
  if (!drift) return <p class="drift-line">{watch.tooFew}</p>;
  const moved = drift.measures.filter((measure) => measure.moved);
  if (moved.length === 0) {
    return <p class="drift-line tone-normal">{watch.steady(drift.inspected)}</p>;
  }
  const names = new Intl.ListFormat(language.value).format(
    moved.map(({ name }) => watch.measures[name]),
  );
  return (
    <div class="drift-line tone-warning" role="status">
      <strong>{watch.drifted(names)}</strong>
      <p>{watch.driftHint}</p>
    </div>
  );
}
