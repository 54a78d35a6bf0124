import type { Drift, Stream } from '../api/types.ts';
import { formatTime, language, t } from '../texts/index.ts';

type MeasureDrift = Drift['measures'][number];

/** Names of measures that moved. */
function namesOf(moved: readonly MeasureDrift[]): string {
  const { measures } = t.value.watch;
  return new Intl.ListFormat(language.value).format(moved.map(({ name }) => measures[name]));
}

/** Those of the streams that drift, a sentence each. */
export function StreamDrifts({ streams }: { streams: readonly Stream[] }) {
  const { watch } = t.value;
  return streams.flatMap(({ name, state: { drift } }) =>
    drift?.drifted
      ? [
          <p key={name} class="drift-line tone-warning" role="status">
            {watch.streamDrifted(name, formatTime(drift.since), namesOf(drift.measures))}
          </p>,
        ]
      : [],
  );
}

/** Whether images still look as they did at calibration, in a sentence. */
export function DriftLine({ drift }: { drift: Drift | undefined }) {
  const { watch } = t.value;
  if (!drift) return <p class="drift-line">{watch.tooFew}</p>;
  const moved = drift.measures.filter((measure) => measure.moved);
  if (moved.length === 0) {
    return <p class="drift-line tone-normal">{watch.steady(drift.inspected)}</p>;
  }
  return (
    <div class="drift-line tone-warning" role="status">
      <strong>{watch.drifted(namesOf(moved))}</strong>
      <p>{watch.driftHint}</p>
    </div>
  );
}
