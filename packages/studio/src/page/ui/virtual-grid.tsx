import type { ComponentChildren, RefObject } from 'preact';
import { useEffect, useId, useLayoutEffect, useRef, useState } from 'preact/hooks';
import './virtual-grid.css';

interface VirtualGridProps {
  readonly label: string;
  readonly count: number;
  /** Least width of a tile, in pixels; tiles share what is left of a row. */
  readonly tileWidth: number;
  /** Height of a tile for its width. */
  readonly tileHeight: (width: number) => number;
  readonly gap?: number;
  /** Draws the tile of an index, 0..count - 1. It gets a cell of the size of a tile. */
  readonly children: (index: number) => ComponentChildren;
  readonly keyOf: (index: number) => string | number;
  /** Index that keeps in view, as the arrow keys move it; undefined for none. */
  readonly active?: number | undefined;
  /** @param isExtending whether Shift is held */
  readonly onActive?: ((index: number, isExtending: boolean) => void) | undefined;
  /** Where tiles can be selected, whether one is. */
  readonly isSelected?: ((index: number) => boolean) | undefined;
  /** Pixels at the top of the window that the page covers with a bar. */
  readonly covered?: (() => number) | undefined;
}

interface Window {
  readonly columns: number;
  readonly width: number;
  /** Above and below the view, that are drawn too. */
  readonly screens: number;
  readonly first: number;
  readonly end: number;
}

const nothing: Window = { columns: 1, width: 0, screens: 0, first: 0, end: 0 };

/** Screens above and below the view whose tiles are there already when they scroll in. */
const OVERSCAN = 2;
/** Pixels at the top of the window that a page may cover with a bar, if it does not say how many it does. */
const ABOVE = 64;

/**
 * A grid of any number of tiles of which only those near the view exist. It scrolls with the page. The arrow keys, Home,
 * End, Page Up and Page Down move the active tile.
 */
export function VirtualGrid(props: VirtualGridProps) {
  const { count, tileHeight, gap = 8, active, onActive, isSelected } = props;
  const covered = props.covered ?? (() => ABOVE);
  const id = useId();
  const root = useRef<HTMLDivElement>(null);
  const view = useWindow(root, props);
  const height = tileHeight(view.width);
  const rows = Math.ceil(count / view.columns);
  const end = Math.min(count, view.end);
  useRevealed(root, active, view, height + gap, covered);

  const onKeyDown = (event: KeyboardEvent) => {
    if (!onActive || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.target instanceof HTMLInputElement) return;
    const rowsInView = Math.max(1, Math.floor(innerHeight / (height + gap)));
    const to = moved(event.key, active, view.columns, rowsInView);
    if (to === undefined || count === 0) return;
    event.preventDefault();
    const index = Math.min(count - 1, Math.max(0, to));
    onActive(index, event.shiftKey);
    const row = Math.floor(index / view.columns);
    if (root.current) reveal(root.current, row, height + gap, covered());
  };

  const indices = Array.from({ length: Math.max(0, end - view.first) }, (_, i) => view.first + i);
  const isShown = active !== undefined && active >= view.first && active < end;
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: it has one of two roles
    // biome-ignore lint/a11y/useAriaPropsSupportedByRole: as above
    <div
      ref={root}
      class="virtual-grid"
      role={onActive ? 'listbox' : 'list'}
      aria-label={props.label}
      aria-multiselectable={isSelected && true}
      aria-activedescendant={isShown ? `${id}-${active}` : undefined}
      // The list takes the keys that move its active tile.
      tabIndex={onActive ? 0 : undefined}
      onKeyDown={onKeyDown}
      style={{ height: `${rows === 0 ? 0 : rows * (height + gap) - gap}px` }}
    >
      {indices.map((index) => {
        const x = (index % view.columns) * (view.width + gap);
        const y = Math.floor(index / view.columns) * (height + gap);
        const transform = `translate(${x}px, ${y}px)`;
        return (
          // biome-ignore lint/a11y/useAriaPropsSupportedByRole: options alone have it
          <div
            key={props.keyOf(index)}
            id={`${id}-${index}`}
            data-index={index}
            role={onActive ? 'option' : 'listitem'}
            aria-selected={onActive && (isSelected?.(index) ?? index === active)}
            aria-setsize={count}
            aria-posinset={index + 1}
            class="cell"
            style={{ width: `${view.width}px`, height: `${height}px`, transform }}
          >
            {props.children(index)}
          </div>
        );
      })}
    </div>
  );
}

/**
 * What is in view, or near it, as the page scrolls and changes its size. Of what comes into view all at once, the tiles
 * around it are drawn later: hundreds at a time would hold up keys and the pointer.
 */
function useWindow(
  root: RefObject<HTMLDivElement | null>,
  { tileWidth, tileHeight, gap = 8 }: VirtualGridProps,
): Window {
  const [view, setView] = useState<Window>(nothing);
  const measure = (more: number) => {
    const box = root.current?.getBoundingClientRect();
    if (!box || box.width === 0) return;
    setView((before) =>
      changed(before, windowOf(box, { tileWidth, tileHeight, gap }, before, more)),
    );
  };
  useLayoutEffect(() => {
    const update = () => measure(0);
    update();
    const observer = new ResizeObserver(update);
    if (root.current) observer.observe(root.current);
    addEventListener('scroll', update, { passive: true });
    addEventListener('resize', update, { passive: true });
    return () => {
      observer.disconnect();
      removeEventListener('scroll', update);
      removeEventListener('resize', update);
    };
  }, [root, tileWidth, tileHeight, gap]);
  // It runs once the window before is painted.
  useEffect(() => {
    if (view.screens < OVERSCAN) measure(1);
  }, [view]);
  return view;
}

type Layout = Required<Pick<VirtualGridProps, 'tileWidth' | 'tileHeight' | 'gap'>>;

/** @param more screens around the view than before, as long as that is near */
function windowOf(
  box: DOMRect,
  { tileWidth, tileHeight, gap }: Layout,
  before: Window,
  more: number,
): Window {
  const columns = Math.max(1, Math.floor((box.width + gap) / (tileWidth + gap)));
  const width = (box.width - gap * (columns - 1)) / columns;
  const row = tileHeight(width) + gap;
  const rangeOf = (screens: number) => {
    const above = Math.floor((-box.top - screens * innerHeight) / row);
    const below = Math.ceil((-box.top + (1 + screens) * innerHeight) / row);
    const first = Math.max(0, above) * columns;
    return { first, end: Math.max(first, below * columns) };
  };
  const near = rangeOf(1);
  const isNear = near.first <= before.end && near.end >= before.first;
  const screens = isNear ? Math.min(OVERSCAN, before.screens + more) : 0;
  return { columns, width, screens, ...rangeOf(screens) };
}

/** Shows the active tile where it was when the grid comes back, as after a tile was opened. */
function useRevealed(
  root: RefObject<HTMLDivElement | null>,
  active: number | undefined,
  { columns, end }: Window,
  pitch: number,
  covered: () => number,
): void {
  const isMeasured = end > 0;
  useLayoutEffect(() => {
    if (!isMeasured || active === undefined || !root.current) return;
    reveal(root.current, Math.floor(active / columns), pitch, covered());
  }, [isMeasured]);
}

/** Scrolls the page until a row is in view. */
function reveal(grid: HTMLElement, row: number, pitch: number, covered: number): void {
  const top = grid.getBoundingClientRect().top + row * pitch;
  if (top < covered) scrollBy(0, top - covered);
  else if (top + pitch > innerHeight) scrollBy(0, top + pitch - innerHeight);
}

/** The window before if it is the same, so that nothing is drawn again. */
function changed(before: Window, after: Window): Window {
  const names = ['columns', 'width', 'screens', 'first', 'end'] as const;
  return names.every((name) => before[name] === after[name]) ? before : after;
}

function moved(
  key: string,
  active: number | undefined,
  columns: number,
  rows: number,
): number | undefined {
  // The first key shows where the keys are.
  const from = active ?? 0;
  if (active === undefined && key.startsWith('Arrow')) return from;
  switch (key) {
    case 'ArrowLeft':
      return from - 1;
    case 'ArrowRight':
      return from + 1;
    case 'ArrowUp':
      return from - columns;
    case 'ArrowDown':
      return from + columns;
    case 'PageUp':
      return from - columns * rows;
    case 'PageDown':
      return from + columns * rows;
    case 'Home':
      return 0;
    case 'End':
      return Number.MAX_SAFE_INTEGER;
    default:
      return undefined;
  }
}
