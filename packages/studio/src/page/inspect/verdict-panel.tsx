import { formatNumber, formatShare, t } from '../texts/index.ts';
import { VerdictBadge } from '../ui/verdict.tsx';
import type { Reviewed } from './review.ts';
import { ScoreBar } from './score-bar.tsx';
import type { Inspected } from './use-inspection.ts';

interface VerdictPanelProps {
  readonly current: Reviewed;
  readonly inspected: Inspected | undefined;
  /** Index of the region that is pointed out. */
  readonly chosen: number | undefined;
  readonly onChoose: (index: number | undefined) => void;
}

/** What the model says of an image, and why. */
export function VerdictPanel({ current, inspected, chosen, onChoose }: VerdictPanelProps) {
  const { inspect, app } = t.value;
  const { image, mark } = current;
  const label = image.label === 'defect' ? inspect.defect(image.kind ?? '') : undefined;
  return (
    <>
      <div>
        <h2 class="name">{image.name}</h2>
        <p class="quiet small">
          {label ?? (image.label === 'normal' ? inspect.good : inspect.noLabel)}
          {mark && <span class="badge tone-warning mark">{inspect.marks[mark]}</span>}
        </p>
      </div>
      {inspected ? (
        <Result inspected={inspected} chosen={chosen} onChoose={onChoose} />
      ) : (
        <p class="quiet">{app.loading}</p>
      )}
    </>
  );
}

function Result({
  inspected: { result },
  chosen,
  onChoose,
}: Pick<VerdictPanelProps, 'chosen' | 'onChoose'> & { inspected: Inspected }) {
  const { inspect } = t.value;
  const { verdict, score, threshold, pValue, unknown, regions } = result;
  return (
    <>
      <div class="verdict-line" aria-live="polite">
        <VerdictBadge verdict={verdict} />
        <span class="number">
          {inspect.score(formatNumber(score, 2), formatNumber(threshold, 2))}
        </span>
      </div>
      <ScoreBar result={result} />
      <p class="small">
        {pValue > 0.5
          ? inspect.usual(formatShare(pValue))
          : inspect.rare(formatNumber(Math.round(1 / pValue)))}
      </p>
      {unknown && <p class="warning">{inspect.unknown}</p>}
      <Regions regions={regions} chosen={chosen} onChoose={onChoose} />
    </>
  );
}

function Regions({
  regions,
  chosen,
  onChoose,
}: Pick<VerdictPanelProps, 'chosen' | 'onChoose'> & Pick<Inspected['result'], 'regions'>) {
  const { inspect } = t.value;
  if (regions.length === 0) return <p class="quiet small">{inspect.noRegions}</p>;
  return (
    <div>
      <h3>{inspect.regions(regions.length)}</h3>
      <ul class="regions" onPointerLeave={() => onChoose(undefined)}>
        {regions.map(({ area, peak, box }, index) => (
          <li key={`${box.x} ${box.y}`}>
            <button
              type="button"
              class="region"
              aria-pressed={index === chosen}
              onPointerEnter={() => onChoose(index)}
              onFocus={() => onChoose(index)}
              onBlur={() => onChoose(undefined)}
            >
              <span>
                {formatNumber(box.width)} × {formatNumber(box.height)} px
              </span>
              <span class="quiet">{inspect.region(formatNumber(area), formatNumber(peak, 2))}</span>
            </button>
          </li>
        ))}
      </ul>
    </div>
  );
}
