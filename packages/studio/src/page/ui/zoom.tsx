import { type Signal, useSignal } from '@preact/signals';
import type { ComponentChildren, RefObject } from 'preact';
import { useLayoutEffect, useRef, useState } from 'preact/hooks';
import {
  cornerOf,
  fitted,
  kept,
  type Place,
  panned,
  type Size,
  whole,
  type Zoom,
  zoomedAt,
  zoomedBy,
} from '../state/zoom.ts';
import { t } from '../texts/index.ts';
import { Icon } from './icon.tsx';
import './zoom.css';

/** Factor of one press of a key or button. */
const STEP = 1.5;
/** Factor for each pixel of a wheel. */
const WHEEL = 1.002;
/** Share of the view that an arrow key with Shift moves by. */
const PAN = 0.2;

/** What part of an image is shown. Several views of one zoom move in step. */
export function useZoom(): Signal<Zoom> {
  return useSignal(whole);
}

interface ZoomViewProps extends Size {
  readonly zoom: Signal<Zoom>;
  readonly label: string;
  /** Layers, each as large as the image: the image itself, a heat map, an editor. */
  readonly children: ComponentChildren;
}

/**
 * An image of a width and height in pixels, as large as its parent allows. The wheel, two fingers, and the keys + and -
 * zoom; dragging and Shift with the arrow keys pan; 0 shows the whole image again. A layer that uses a press of the
 * pointer itself stops that event.
 */
export function ZoomView({ zoom, width, height, label, children }: ZoomViewProps) {
  const root = useRef<HTMLElement>(null);
  const view = useSize(root);
  const fit = fitted({ width, height }, view);
  useZoomEvents(root, zoom, fit, view);
  const shown = kept(zoom.value, fit, view);
  const { x, y } = cornerOf(shown, fit, view);
  return (
    <section
      ref={root}
      class="zoom-view"
      aria-label={label}
      // biome-ignore lint/a11y/noNoninteractiveTabindex: the keys that zoom and pan need the focus
      tabIndex={0}
    >
      {view.width > 0 && (
        <div
          class="layer"
          style={{
            width: `${fit.width}px`,
            height: `${fit.height}px`,
            transform: `translate(${x}px, ${y}px) scale(${shown.scale})`,
          }}
        >
          {children}
        </div>
      )}
    </section>
  );
}

/** Zooms in and out, and back to the whole image. */
export function ZoomButtons({ zoom }: { zoom: Signal<Zoom> }) {
  const { zoom: text } = t.value;
  const change = (factor: number) => {
    zoom.value = zoomedBy(zoom.value, factor);
  };
  const isWhole = zoom.value.scale === 1;
  return (
    <fieldset class="segments" aria-label={text.label}>
      <button
        type="button"
        class="button plain icon"
        aria-label={text.out}
        disabled={isWhole}
        onClick={() => change(1 / STEP)}
      >
        <Icon name="minus" />
      </button>
      <button
        type="button"
        class="button plain icon"
        aria-label={text.whole}
        disabled={isWhole}
        onClick={() => change(0)}
      >
        <Icon name="whole" />
      </button>
      <button
        type="button"
        class="button plain icon"
        aria-label={text.in}
        onClick={() => change(STEP)}
      >
        <Icon name="plus" />
      </button>
    </fieldset>
  );
}

function useSize(root: RefObject<HTMLElement | null>): Size {
  const [size, setSize] = useState<Size>({ width: 0, height: 0 });
  useLayoutEffect(() => {
    const element = root.current;
    if (!element) return;
    const measure = () => setSize({ width: element.clientWidth, height: element.clientHeight });
    measure();
    const observer = new ResizeObserver(measure);
    observer.observe(element);
    return () => observer.disconnect();
  }, [root]);
  return size;
}

/** The wheel needs listeners that are not passive, which attributes do not give. */
function useZoomEvents(
  root: RefObject<HTMLElement | null>,
  zoom: Signal<Zoom>,
  fit: Size,
  view: Size,
): void {
  useLayoutEffect(() => {
    const element = root.current;
    if (!element || view.width === 0) return;
    const gone = new AbortController();
    const { signal } = gone;
    const onWheel = (event: WheelEvent) => {
      event.preventDefault();
      const factor = WHEEL ** -pixelsOf(event);
      zoom.value = zoomedAt(zoom.value, factor, placeIn(element, event), fit, view);
    };
    const onKeyDown = (event: KeyboardEvent) => {
      const next = zoomedByKey(event, zoom.value, fit, view);
      if (!next) return;
      event.preventDefault();
      event.stopPropagation();
      zoom.value = next;
    };
    element.addEventListener('wheel', onWheel, { passive: false, signal });
    element.addEventListener('keydown', onKeyDown, { signal });
    addPointerEvents(element, zoom, fit, view, signal);
    return () => gone.abort();
  }, [root, zoom, fit.width, fit.height, view.width, view.height]);
}

/** One pointer pans, two zoom. */
function addPointerEvents(
  element: HTMLElement,
  zoom: Signal<Zoom>,
  fit: Size,
  view: Size,
  signal: AbortSignal,
): void {
  const pointers = new Map<number, Place>();
  let isPanning = false;
  const onDown = (event: PointerEvent) => pointers.set(event.pointerId, placeIn(element, event));
  const onMove = (event: PointerEvent) => {
    const before = pointers.get(event.pointerId);
    if (!before) return;
    const now = placeIn(element, event);
    const [other] = [...pointers].flatMap(([id, place]) => (id === event.pointerId ? [] : [place]));
    pointers.set(event.pointerId, now);
    if (other) {
      const factor = distance(now, other) / Math.max(1, distance(before, other));
      zoom.value = zoomedAt(zoom.value, factor, middle(before, other), fit, view);
    }
    if (!other && !isPanning) return;
    const share = other ? 2 : 1;
    const by = { x: (now.x - before.x) / share, y: (now.y - before.y) / share };
    zoom.value = panned(zoom.value, by, fit, view);
  };
  const onEnd = (event: PointerEvent) => {
    pointers.delete(event.pointerId);
    isPanning = false;
  };
  // In the capture phase, so that two fingers zoom also where a layer draws with one.
  element.addEventListener('pointerdown', onDown, { capture: true, signal });
  element.addEventListener(
    'pointerdown',
    (event) => {
      isPanning = true;
      element.setPointerCapture(event.pointerId);
    },
    { signal },
  );
  element.addEventListener('pointermove', onMove, { signal });
  for (const type of ['pointerup', 'pointercancel'] as const) {
    element.addEventListener(type, onEnd, { capture: true, signal });
  }
}

/** @returns undefined for keys that do nothing here */
function zoomedByKey(
  { key, shiftKey, ctrlKey, metaKey, altKey }: KeyboardEvent,
  zoom: Zoom,
  fit: Size,
  view: Size,
): Zoom | undefined {
  if (ctrlKey || metaKey || altKey) return undefined;
  if (key === '+' || key === '=') return zoomedBy(zoom, STEP);
  if (key === '-') return zoomedBy(zoom, 1 / STEP);
  if (key === '0') return whole;
  const direction = { ArrowLeft: [1, 0], ArrowRight: [-1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] };
  const [x, y] = shiftKey ? (direction[key as keyof typeof direction] ?? []) : [];
  if (x === undefined || y === undefined) return undefined;
  return panned(zoom, { x: x * PAN * view.width, y: y * PAN * view.height }, fit, view);
}

/** Wheels turn by pixels, lines or pages. */
function pixelsOf({ deltaY, deltaMode }: WheelEvent): number {
  return deltaY * (deltaMode === WheelEvent.DOM_DELTA_LINE ? 16 : deltaMode === 0 ? 1 : 400);
}

function placeIn(element: HTMLElement, event: MouseEvent): Place {
  const box = element.getBoundingClientRect();
  return { x: event.clientX - box.left, y: event.clientY - box.top };
}

function distance(a: Place, b: Place): number {
  return Math.hypot(a.x - b.x, a.y - b.y);
}

function middle(a: Place, b: Place): Place {
  return { x: (a.x + b.x) / 2, y: (a.y + b.y) / 2 };
}
