import { expect, it } from 'vitest';
import { cornerOf, fitted, kept, panned, whole, zoomedAt, zoomedBy } from './zoom.ts';

const view = { width: 400, height: 300 };
const fit = fitted({ width: 2000, height: 1000 }, view);

it('fits an image into a view', () => {
  expect(fit).toEqual({ width: 400, height: 200 });
  expect(cornerOf(whole, fit, view)).toEqual({ x: 0, y: 50 });
});

it('keeps the point under the pointer where it is', () => {
  const at = { x: 100, y: 120 };
  const before = cornerOf(whole, fit, view);
  const zoomed = zoomedAt(whole, 3, at, fit, view);
  const after = cornerOf(zoomed, fit, view);
  expect(zoomed.scale).toBe(3);
  expect((at.x - after.x) / 3).toBeCloseTo(at.x - before.x);
  expect((at.y - after.y) / 3).toBeCloseTo(at.y - before.y);
});

it('shows the same part in a view of another size', () => {
  const zoomed = zoomedAt(whole, 4, { x: 300, y: 200 }, fit, view);
  const twice = { width: 800, height: 600 };
  const corner = cornerOf(zoomed, fit, view);
  const other = cornerOf(zoomed, fitted({ width: 2000, height: 1000 }, twice), twice);
  expect(other.x).toBeCloseTo(2 * corner.x);
  expect(other.y).toBeCloseTo(2 * corner.y);
});

it('pans up to the edges', () => {
  const zoomed = zoomedBy(whole, 2);
  expect(panned(zoomed, { x: 40, y: 0 }, fit, view).x).toBeCloseTo(0.45);
  const atEdge = panned(zoomed, { x: 4000, y: 4000 }, fit, view);
  expect(cornerOf(atEdge, fit, view)).toEqual({ x: 0, y: 0 });
  expect(panned(whole, { x: 50, y: 50 }, fit, view)).toEqual(whole);
});

it('zooms from the whole image to 32 times', () => {
  expect(zoomedBy(whole, 0.5)).toEqual(whole);
  expect(zoomedBy({ scale: 1.2, x: 0.2, y: 0.9 }, 0)).toEqual(whole);
  expect(zoomedBy(whole, 1000).scale).toBe(32);
  expect(kept({ scale: 1, x: 0, y: 1 }, fit, view)).toEqual(whole);
});
