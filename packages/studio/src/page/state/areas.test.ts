import { expect, it } from 'vitest';
import { type Corner, drawn, noDrawing, outlineOf, redone, undone } from './areas.ts';

const SIDE = 40;

/** A mask of what a function says of the centre of each pixel. */
function maskOf(isInside: (x: number, y: number) => boolean): Uint8Array {
  return Uint8Array.from({ length: SIDE * SIDE }, (_, at) =>
    isInside((at % SIDE) + 0.5, Math.floor(at / SIDE) + 0.5) ? 1 : 0,
  );
}

/** Whether a point is inside a polygon, by the even-odd rule. */
function isIn(polygon: readonly Corner[], x: number, y: number): boolean {
  let inside = false;
  polygon.forEach(([ax, ay], at) => {
    const [bx, by] = polygon[(at + 1) % polygon.length] as Corner;
    if (ay > y !== by > y && x < ax + ((y - ay) / (by - ay)) * (bx - ax)) inside = !inside;
  });
  return inside;
}

/** Share of the pixels that an outline has right. */
function agreement(mask: Uint8Array): number {
  const outline = outlineOf(mask, SIDE, SIDE);
  const same = maskOf((x, y) => isIn(outline, x, y)).filter((inside, at) => inside === mask[at]);
  return same.length / mask.length;
}

it('outlines a disc, a ring, and two areas', () => {
  const distance = (x: number, y: number) => Math.hypot(x - 20, y - 20);
  expect(agreement(maskOf((x, y) => distance(x, y) < 15))).toBeGreaterThan(0.97);
  expect(agreement(maskOf((x, y) => distance(x, y) < 15 && distance(x, y) > 7))).toBeGreaterThan(
    0.95,
  );
  expect(agreement(maskOf((x, y) => (x < 10 && y < 30) || (x > 25 && y > 20)))).toBeGreaterThan(
    0.97,
  );
});

it('has few corners, and none for an empty mask', () => {
  const square = outlineOf(
    maskOf((x, y) => x > 5 && x < 30 && y > 5 && y < 30),
    SIDE,
    SIDE,
  );
  expect(square.length).toBeLessThan(10);
  expect(
    outlineOf(
      maskOf(() => false),
      SIDE,
      SIDE,
    ),
  ).toEqual([]);
  // Half of the pixels alone: more borders than a polygon may have corners.
  const dots = maskOf((x, y) => (Math.floor(x) + 2 * Math.floor(y)) % 5 === 0);
  expect(outlineOf(dots, SIDE, SIDE).length).toBeLessThanOrEqual(1000);
});

it('undoes and redoes', () => {
  const shape = { kind: 'polygon', corners: [] } as const;
  const clear = { kind: 'clear' } as const;
  const both = drawn(drawn(noDrawing, shape), clear);
  expect(undone(both)).toEqual({ shapes: [shape], undone: [clear] });
  expect(redone(undone(undone(both)))).toEqual({ shapes: [shape], undone: [clear] });
  expect(redone(redone(undone(undone(both))))).toEqual(both);
  expect(undone(noDrawing)).toEqual(noDrawing);
  expect(drawn(undone(both), shape).undone).toEqual([]);
});
