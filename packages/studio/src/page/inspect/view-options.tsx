import { computed, type Signal } from '@preact/signals';
import { useId } from 'preact/hooks';
import type { Zoom } from '../state/zoom.ts';
import { t } from '../texts/index.ts';
import { stored } from '../texts/stored.ts';
import { Segments } from '../ui/controls.tsx';
import { useKeys } from '../ui/keys.ts';
import { ZoomButtons } from '../ui/zoom.tsx';

const arrangement = stored('inspect.arrangement', 'overlaid');
const opacity = stored('inspect.opacity', '1');

/** Whether the image is also shown without its heat map. */
export const isSideBySide = computed(() => arrangement.value === 'sideBySide');

/** Of the heat map, 0..1. */
export const heatMapOpacity = computed(() => Number(opacity.value));

/** How an image and its heat map are shown; this browser remembers it. */
export function ViewOptions({ zoom }: { zoom: Signal<Zoom> }) {
  const { inspect, verdicts } = t.value;
  const id = useId();
  useKeys({
    o: () => {
      arrangement.value = isSideBySide.value ? 'overlaid' : 'sideBySide';
    },
    h: () => {
      opacity.value = heatMapOpacity.value > 0 ? '0' : '1';
    },
  });
  return (
    <div class="toolbar">
      <Segments
        label={inspect.arrangements.label}
        value={isSideBySide.value ? 'sideBySide' : 'overlaid'}
        options={(['overlaid', 'sideBySide'] as const).map((value) => ({
          value,
          label: inspect.arrangements[value],
        }))}
        onChange={(value) => {
          arrangement.value = value;
        }}
      />
      <div class="opacity">
        <label for={id}>{verdicts.heatMap}</label>
        <input
          id={id}
          type="range"
          min="0"
          max="1"
          step="0.05"
          value={opacity.value}
          onInput={({ currentTarget }) => {
            opacity.value = currentTarget.value;
          }}
        />
      </div>
      <div class="end">
        <ZoomButtons zoom={zoom} />
      </div>
    </div>
  );
}
