import { judge } from '@bigrid/inspect';
import {
  computed,
  type ReadonlySignal,
  type Signal,
  useSignal,
  useSignalEffect,
} from '@preact/signals';
import { useMemo } from 'preact/hooks';
import { thumbnailUrl } from '../state/images.ts';
import { go } from '../state/route.ts';
import { formatNumber, t } from '../texts/index.ts';
import { Segments } from '../ui/controls.tsx';
import { VirtualGrid } from '../ui/virtual-grid.tsx';
import type { Judging } from './judging.ts';
import {
  arranged,
  countsOf,
  type Filter,
  filters,
  isWrongly,
  type ScoredImage,
  type ScoredImages,
  type Sort,
  sorts,
} from './scored-images.ts';

/** Of the line below an image, in pixels. */
const CAPTION = 28;
/** Pixels between the panel and the tiles that are scrolled into view below it. */
const GAP = 8;
/** Milliseconds. */
const REST = 150;

interface TilesProps {
  readonly project: string;
  readonly all: ScoredImages;
  readonly judging: Judging;
}

/** All images that have a score, judged at once as the threshold moves. */
export function Tiles({ project, all, judging }: TilesProps) {
  const sort = useSignal<Sort>('score');
  const filter = useSignal<Filter>('all');
  return (
    <section class="scored" aria-label={t.value.threshold.images}>
      <Arrangement all={all} judging={judging} sort={sort} filter={filter} />
      <Arranged project={project} all={all} judging={judging} sort={sort} filter={filter} />
    </section>
  );
}

interface ArrangementProps extends Omit<TilesProps, 'project'> {
  readonly sort: Signal<Sort>;
  readonly filter: Signal<Filter>;
}

function Arrangement({ all, judging, sort, filter }: ArrangementProps) {
  const text = t.value.threshold;
  const counts = countsOf(all, judging.calibration.value);
  return (
    <div class="toolbar">
      <div>
        <Segments
          label={text.filter}
          value={filter.value}
          options={filters.map((value) => ({
            value,
            label: `${text.filters[value]} ${formatNumber(counts[value])}`,
          }))}
          onChange={(value) => {
            filter.value = value;
          }}
        />
      </div>
      <div class="end">
        <Segments
          label={text.sort}
          value={sort.value}
          options={sorts.map((value) => ({ value, label: text.sorts[value] }))}
          onChange={(value) => {
            sort.value = value;
          }}
        />
      </div>
    </div>
  );
}

/** Draws only what changes: the order seldom does, and of the tiles only those whose verdict changes. */
function Arranged({ project, all, judging, sort, filter }: ArrangementProps & TilesProps) {
  const rested = useRested(judging.calibration);
  const order = useMemo(() => {
    const ordered = () => {
      const asked = { sort: sort.value, filter: filter.value };
      // The order by score of all images has nothing to do with the threshold.
      const isFixed = asked.sort === 'score' && asked.filter === 'all';
      return arranged(all, asked, isFixed ? rested.peek() : rested.value);
    };
    return computed(ordered);
  }, [all]);
  const active = useSignal<number | undefined>(undefined);
  const indices = order.value;
  const imageAt = (index: number) => all.images[indices[index] as number] as ScoredImage;
  if (indices.length === 0) return <p class="quiet">{t.value.threshold.none}</p>;
  const last = indices.length - 1;
  const at = active.value === undefined ? undefined : Math.min(active.value, last);
  const onKeyDown = ({ key }: KeyboardEvent) => {
    if (key !== 'Enter' || at === undefined) return;
    go({ project, page: 'inspect', detail: String(imageAt(at).id) });
  };
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: the list in it has the role and the focus
    <div onKeyDown={onKeyDown}>
      <VirtualGrid
        label={t.value.threshold.images}
        count={indices.length}
        tileWidth={120}
        tileHeight={heightOf}
        keyOf={(index) => imageAt(index).id}
        active={at}
        onActive={(index) => {
          active.value = index;
        }}
        covered={coveredHeight}
      >
        {(index) => (
          <Tile
            project={project}
            image={imageAt(index)}
            judging={judging}
            isActive={index === at}
          />
        )}
      </VirtualGrid>
    </div>
  );
}

function heightOf(width: number): number {
  return width + CAPTION;
}

/** Of the panel with the threshold, where it stays in view. */
function coveredHeight(): number {
  const panel = document.querySelector<HTMLElement>('.judging');
  if (!panel || getComputedStyle(panel).position !== 'sticky') return 0;
  return panel.offsetHeight + GAP;
}

/** A value once it has not changed for a moment: images stay in their places while the threshold moves. */
function useRested<Value>(value: ReadonlySignal<Value>): ReadonlySignal<Value> {
  const rested = useSignal(value.peek());
  useSignalEffect(() => {
    const now = value.value;
    const timer = setTimeout(() => {
      rested.value = now;
    }, REST);
    return () => clearTimeout(timer);
  });
  return rested;
}

interface TileProps {
  readonly project: string;
  readonly image: ScoredImage;
  readonly judging: Judging;
  readonly isActive: boolean;
}

function Tile({ project, image, judging, isActive }: TileProps) {
  const { id, name, label, kind, score } = image;
  const text = t.value.threshold;
  const verdict = useMemo(
    () => computed(() => judge(score, judging.calibration.value)),
    [score],
  ).value;
  const isWrong = isWrongly(verdict, label);
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: the list has the focus, and Enter opens
    // biome-ignore lint/a11y/useKeyWithClickEvents: as above
    <div
      class={`scored-tile tone-${verdict} ${isActive ? 'active' : ''}`}
      onClick={() => go({ project, page: 'inspect', detail: String(id) })}
      title={name}
    >
      <img src={thumbnailUrl(project, { id })} alt={name} decoding="async" />
      <span class="line small">
        <span class="number">{formatNumber(score, 2)}</span>
        <span class="visually-hidden">{text.verdicts[verdict]}</span>
        {isWrong && <span class="visually-hidden">{text.filters.wrong}</span>}
        {label !== null && (
          <span class={isWrong ? 'label wrong' : 'label'}>{kind ?? text.labels[label]}</span>
        )}
      </span>
    </div>
  );
}
