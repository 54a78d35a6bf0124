import type { Signal } from '@preact/signals';
import { useEffect, useRef, useState } from 'preact/hooks';
import { type Corner, type Drawing, drawn, redone, type Shape, undone } from '../state/areas.ts';
import type { Size } from '../state/zoom.ts';
import './area-editor.css';

export type AreaTool = 'polygon' | 'brush' | 'eraser';

export interface AreaEditorProps extends Size {
  readonly drawing: Signal<Drawing>;
  readonly tool: AreaTool;
  /** Of the brush and the eraser, in pixels of the image. */
  readonly radius: number;
  readonly label: string;
}

/** Share of the longer side that an arrow key moves the cursor by. */
const STEP = 0.01;
/** Share of the longer side within which a click on the first corner closes a polygon. */
const NEAR = 0.015;

/**
 * Takes the pointer to draw areas of an image: a layer of a zoom view. A polygon closes by a click on its first corner,
 * by a double click, or Enter. The arrow keys move a cursor, and the space bar draws at it.
 */
export function AreaEditor(props: AreaEditorProps) {
  const { width, height, tool, radius, label } = props;
  const root = useRef<SVGSVGElement>(null);
  const pen = usePen(props);
  useEffect(() => root.current?.focus(), []);
  return (
    <svg
      ref={root}
      class="area-editor"
      viewBox={`0 0 ${width} ${height}`}
      role="application"
      aria-label={label}
      // In SVG, the name is lower case.
      tabindex={0}
      onPointerDown={(event) => {
        if (pen.down(event)) root.current?.setPointerCapture(event.pointerId);
      }}
      onPointerMove={pen.move}
      onPointerUp={pen.up}
      onPointerCancel={pen.up}
      onPointerLeave={pen.leave}
      onDblClick={(event) => {
        event.stopPropagation();
        pen.close();
      }}
      onKeyDown={pen.key}
    >
      <Sketch corners={pen.corners} cursor={pen.cursor} tool={tool} radius={radius} />
    </svg>
  );
}

/** What pointers and keys do to a drawing. */
function usePen({ width, height, drawing, tool, radius }: AreaEditorProps) {
  const [corners, setCorners] = useState<readonly Corner[]>([]);
  const [cursor, setCursor] = useState<Corner>();
  const isStroke = useRef(false);
  useEffect(() => setCorners([]), [tool]);
  const add = (shape: Shape) => {
    drawing.value = drawn(drawing.value, shape);
    setCorners([]);
  };
  const close = () => {
    if (corners.length > 2) add({ kind: 'polygon', corners });
  };
  const press = (corner: Corner) => {
    const [first] = corners;
    const isNear = first && distance(first, corner) < NEAR * Math.max(width, height);
    if (tool !== 'polygon') add({ kind: tool, corners: [corner], radius });
    else if (isNear && corners.length > 2) close();
    // The second press of a double click.
    else if (distance(corners.at(-1) ?? [-1, -1], corner) > 0) setCorners([...corners, corner]);
  };
  /** @returns whether a stroke begins */
  const down = (event: PointerEvent) => {
    if (event.button !== 0 || !event.isPrimary) {
      // A second finger zooms.
      if (isStroke.current) setCorners([]);
      isStroke.current = false;
      return false;
    }
    event.stopPropagation();
    const corner = cornerAt(event, width, height);
    if (tool === 'polygon') press(corner);
    else setCorners([corner]);
    isStroke.current = tool !== 'polygon';
    return isStroke.current;
  };
  const move = (event: PointerEvent) => {
    if (!event.isPrimary) return;
    const corner = cornerAt(event, width, height);
    setCursor(corner);
    if (isStroke.current) setCorners((before) => [...before, corner]);
  };
  const up = () => {
    if (isStroke.current && tool !== 'polygon') add({ kind: tool, corners, radius });
    isStroke.current = false;
  };
  const leave = () => {
    if (!isStroke.current) setCursor(undefined);
  };
  const key = (event: KeyboardEvent) => {
    const at = cursor ?? [width / 2, height / 2];
    const step = event.shiftKey ? undefined : moves[event.key];
    const acts: Readonly<Record<string, (() => void) | undefined>> = {
      ' ': () => press(at),
      Enter: close,
      Escape: corners.length > 0 ? () => setCorners([]) : undefined,
    };
    const walk = step && (() => setCursor(movedBy(at, step, { width, height })));
    const act =
      event.ctrlKey || event.metaKey ? historyOf(event, drawing) : (walk ?? acts[event.key]);
    if (!act) return;
    event.preventDefault();
    event.stopPropagation();
    act();
  };
  return { corners, cursor, close, down, move, up, leave, key };
}

interface SketchProps extends Pick<AreaEditorProps, 'tool' | 'radius'> {
  readonly corners: readonly Corner[];
  readonly cursor: Corner | undefined;
}

/** What is being drawn, and where the pointer is. */
function Sketch({ corners, cursor, tool, radius }: SketchProps) {
  if (tool === 'polygon') {
    const [first] = corners;
    const line = cursor ? [...corners, cursor] : corners;
    return (
      <>
        <polyline class="line" points={line.join(' ')} />
        {first && <path class="corner" d={`M${first}h0`} />}
        {cursor && <path class="corner" d={`M${cursor}h0`} />}
      </>
    );
  }
  return (
    <>
      {corners.length > 0 && (
        <polyline
          points={[...corners, corners.at(-1)].join(' ')}
          fill="none"
          stroke="rgb(255 255 255 / 0.6)"
          stroke-width={2 * radius}
          stroke-linecap="round"
          stroke-linejoin="round"
        />
      )}
      {cursor && <circle class="brush" cx={cursor[0]} cy={cursor[1]} r={radius} />}
    </>
  );
}

const moves: Readonly<Record<string, Corner | undefined>> = {
  ArrowLeft: [-1, 0],
  ArrowRight: [1, 0],
  ArrowUp: [0, -1],
  ArrowDown: [0, 1],
};

function movedBy([x, y]: Corner, [dx, dy]: Corner, { width, height }: Size): Corner {
  const by = STEP * Math.max(width, height);
  return [Math.min(width, Math.max(0, x + by * dx)), Math.min(height, Math.max(0, y + by * dy))];
}

function historyOf(
  { key, shiftKey }: KeyboardEvent,
  drawing: Signal<Drawing>,
): (() => void) | undefined {
  const name = key.toLowerCase();
  const change =
    name === 'y' || (name === 'z' && shiftKey) ? redone : name === 'z' ? undone : undefined;
  if (!change) return undefined;
  return () => {
    drawing.value = change(drawing.value);
  };
}

function cornerAt(event: PointerEvent, width: number, height: number): Corner {
  const box = (event.currentTarget as Element).getBoundingClientRect();
  return [
    ((event.clientX - box.left) / box.width) * width,
    ((event.clientY - box.top) / box.height) * height,
  ];
}

function distance([ax, ay]: Corner, [bx, by]: Corner): number {
  return Math.hypot(ax - bx, ay - by);
}
