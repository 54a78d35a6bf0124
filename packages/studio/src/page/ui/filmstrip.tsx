import type { ComponentChildren } from 'preact';
import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks';
import './filmstrip.css';

interface FilmstripProps {
  readonly label: string;
  readonly count: number;
  /** Index of the selected frame, which is kept in view; -1 for none. */
  readonly selected: number;
  readonly onSelect: (index: number) => void;
  readonly keyOf: (index: number) => string | number;
  /** Class of a frame, for its colours. */
  readonly classOf: (index: number) => string;
  readonly children: (index: number) => ComponentChildren;
}

/** Width of a frame with its gap, in pixels. */
const FRAME = 100;
/** Frames on either side of the view that exist already when they scroll in. */
const OVERSCAN = 8;

/** Any number of images in a row, of which only those near the view exist. */
export function Filmstrip(props: FilmstripProps) {
  const { label, count, selected, onSelect, keyOf, classOf, children } = props;
  const strip = useRef<HTMLDivElement>(null);
  const [{ first, end }, setRange] = useState({ first: 0, end: 0 });
  const measure = () => {
    if (!strip.current) return;
    // Negative where text runs from right to left.
    const from = Math.floor(Math.abs(strip.current.scrollLeft) / FRAME);
    const to = from + Math.ceil(strip.current.clientWidth / FRAME);
    setRange({ first: Math.max(0, from - OVERSCAN), end: to + OVERSCAN });
  };
  useLayoutEffect(() => {
    measure();
    const observer = new ResizeObserver(measure);
    if (strip.current) observer.observe(strip.current);
    return () => observer.disconnect();
  }, []);
  useEffect(() => reveal(strip.current, selected), [selected, count]);
  const indices = Array.from(
    { length: Math.max(0, Math.min(end, count) - first) },
    (_, at) => first + at,
  );
  const isDrawn = selected >= first && selected < Math.min(end, count);
  return (
    <div
      ref={strip}
      class="filmstrip"
      role="listbox"
      aria-label={label}
      aria-orientation="horizontal"
      aria-activedescendant={isDrawn ? `frame-${keyOf(selected)}` : undefined}
      tabIndex={0}
      onScroll={measure}
    >
      <div class="track" role="presentation" style={{ width: `${count * FRAME}px` }}>
        {indices.map((index) => (
          // biome-ignore lint/a11y/useFocusableInteractive: the list has the focus, and names the selected one
          // biome-ignore lint/a11y/useKeyWithClickEvents: the keys of the page move the selection
          <div
            key={keyOf(index)}
            id={`frame-${keyOf(index)}`}
            class={`frame ${classOf(index)}`}
            role="option"
            aria-selected={index === selected}
            aria-setsize={count}
            aria-posinset={index + 1}
            style={{ insetInlineStart: `${index * FRAME + 4}px` }}
            onClick={() => onSelect(index)}
          >
            {children(index)}
          </div>
        ))}
      </div>
    </div>
  );
}

/** Scrolls as little as needed, without moving the page. */
function reveal(strip: HTMLElement | null, index: number): void {
  if (!strip || index < 0) return;
  const direction = getComputedStyle(strip).direction === 'rtl' ? -1 : 1;
  const from = Math.abs(strip.scrollLeft);
  const start = index * FRAME;
  if (start < from) strip.scrollLeft = direction * start;
  else if (start + FRAME > from + strip.clientWidth) {
    strip.scrollLeft = direction * (start + FRAME - strip.clientWidth);
  }
}
