import { bordersOf } from '@bigrid/inspect';

/** In pixels of an image, from its upper left corner. */
export type Corner = readonly [x: number, y: number];

/** What a press of the pointer, or several, added to areas or took from them. */
export type Shape =
  | { readonly kind: 'polygon'; readonly corners: readonly Corner[] }
  | {
      readonly kind: 'brush' | 'eraser';
      readonly corners: readonly Corner[];
      /** In pixels of the image. */
      readonly radius: number;
    }
  /** Takes everything before it. */
  | { readonly kind: 'clear' };

/** Areas of an image as they are drawn, with what was undone. */
export interface Drawing {
  readonly shapes: readonly Shape[];
  /** The latest that was undone first. */
  readonly undone: readonly Shape[];
}

export const noDrawing: Drawing = { shapes: [], undone: [] };

export function drawn({ shapes }: Drawing, shape: Shape): Drawing {
  return { shapes: [...shapes, shape], undone: [] };
}

export function undone({ shapes, undone: before }: Drawing): Drawing {
  const last = shapes.at(-1);
  return last
    ? { shapes: shapes.slice(0, -1), undone: [last, ...before] }
    : { shapes, undone: before };
}

export function redone({ shapes, undone: [next, ...left] }: Drawing): Drawing {
  return next ? { shapes: [...shapes, next], undone: left } : { shapes, undone: [] };
}

/** Corners of a polygon that the server takes. */
const MOST_CORNERS = 1000;
/** Pixels of the mask that an outline may be off at first. */
const TOLERANCE = 0.5;

/**
 * The inside of a mask as one polygon under the even-odd rule: its borders, those of holes too, joined by lines that are
 * passed in both directions.
 * @param mask width * height values, row by row; 0 is outside
 * @returns corners in pixels of the mask; none if nothing is inside
 */
export function outlineOf(mask: Uint8Array, width: number, height: number): Corner[] {
  const borders = bordersOf(mask, width, height).map(cornersOf);
  for (let tolerance = TOLERANCE; ; tolerance *= 1.5) {
    const simple = borders.map((border) => simplified(border, tolerance));
    const joined = joinedThroughFirst(simple.filter(({ length }) => length > 2));
    if (joined.length <= MOST_CORNERS) return joined;
  }
}

/** Midpoints of edges in doubled coordinates, as corners. */
function cornersOf(border: readonly number[]): Corner[] {
  return Array.from(
    { length: border.length / 2 },
    (_, at): Corner => [(border[2 * at] ?? 0) / 2, (border[2 * at + 1] ?? 0) / 2],
  );
}

function joinedThroughFirst([first, ...others]: readonly (readonly Corner[])[]): Corner[] {
  const [start] = first ?? [];
  if (!first || !start) return [];
  if (others.length === 0) return [...first];
  const back = others.flatMap((border) => [...border, border[0] as Corner, start]);
  return [...first, start, ...back];
}

/** A closed line with as few corners as a tolerance allows, by the algorithm of Douglas and Peucker. */
function simplified(closed: readonly Corner[], tolerance: number): Corner[] {
  const half = Math.floor(closed.length / 2);
  const [start] = closed;
  if (!start) return [];
  const first = simplifiedLine(closed.slice(0, half + 1), tolerance);
  const second = simplifiedLine([...closed.slice(half), start], tolerance);
  return [...first.slice(0, -1), ...second.slice(0, -1)];
}

function simplifiedLine(line: readonly Corner[], tolerance: number): Corner[] {
  const [start, end] = [line[0] as Corner, line.at(-1) as Corner];
  const distances = line.map((corner) => distanceTo(corner, start, end));
  const most = Math.max(...distances);
  if (line.length < 3 || most <= tolerance) return [start, end];
  const at = distances.indexOf(most);
  return [
    ...simplifiedLine(line.slice(0, at + 1), tolerance).slice(0, -1),
    ...simplifiedLine(line.slice(at), tolerance),
  ];
}

/** Of a corner from the line between two others. */
function distanceTo([x, y]: Corner, [ax, ay]: Corner, [bx, by]: Corner): number {
  const [dx, dy] = [bx - ax, by - ay];
  const length = Math.hypot(dx, dy);
  if (length === 0) return Math.hypot(x - ax, y - ay);
  return Math.abs(dx * (y - ay) - dy * (x - ax)) / length;
}
