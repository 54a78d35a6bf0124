import { labelComponents } from '../metrics/connected-components.ts';
import { borderFrom } from './borders.ts';
import type { AnomalyMap } from './detector.ts';

/** An anomalous region: connected map pixels above the bundle's map threshold. All in pixels of the image. */
export interface Region {
  /** Corners of its outer border, [x, y], clockwise, to a tenth of a pixel, without holes. */
  readonly outline: readonly Point[];
  /** Its area in pixels, without holes. */
  readonly area: number;
  /** Its highest map value. */
  readonly peak: number;
  /** The bounding box of the outline. */
  readonly box: {
    readonly x: number;
    readonly y: number;
    readonly width: number;
    readonly height: number;
  };
}

type Point = readonly [x: number, y: number];

/** How far an outline may deviate from its border, in map pixels: that leaves a third of the corners. */
const TOLERANCE = 0.25;

/**
 * The regions of a map above a threshold, the highest peak first. Map pixels that touch by an edge or a corner are
 * connected; between two pixel centres the outline runs where the map, interpolated linearly, crosses the threshold.
 * @param map stretched over the image, whatever the size of either
 * @param smallestArea regions of fewer image pixels are left out
 */
export function regionsOf(
  map: AnomalyMap,
  image: { readonly width: number; readonly height: number },
  threshold: number,
  smallestArea = 0,
): Region[] {
  const { width, height, data } = map;
  // A loop: `from` with a function takes half as long as the network.
  const mask = new Uint8Array(data.length);
  let above = 0;
  for (let at = 0; at < data.length; at++) {
    const isAbove = (data[at] as number) > threshold ? 1 : 0;
    mask[at] = isAbove;
    above += isAbove;
  }
  if (above === 0) return [];
  const { labels, count, sizes } = labelComponents(mask, width, height);
  const peaks = new Float32Array(count).fill(-Infinity);
  const firsts = new Int32Array(count).fill(-1);
  for (let at = 0; at < labels.length; at++) {
    const region = (labels[at] as number) - 1;
    if (region < 0) continue;
    peaks[region] = Math.max(peaks[region] as number, data[at] as number);
    if (firsts[region] === -1) firsts[region] = at;
  }
  const [across, down] = [image.width / width, image.height / height];
  const regions: Region[] = [];
  for (let region = 0; region < count; region++) {
    const area = tenths((sizes[region] as number) * across * down);
    if (area < smallestArea) continue;
    // The first pixel of a region in row order has none of it above: its top is on the outer border.
    const first = firsts[region] as number;
    const border = borderFrom(first % width, Math.floor(first / width), mask, width, height);
    const outline = simplified(crossings(border, map, threshold)).map(
      ([x, y]): Point => [tenths(x * across), tenths(y * down)],
    );
    regions.push({
      outline,
      area,
      peak: peaks[region] as number,
      box: boxOf(outline),
    });
  }
  return regions.sort((a, b) => b.peak - a.peak);
}

/** Where the map crosses the threshold across each edge of a border; at the image's edge, that edge. */
function crossings(
  border: readonly number[],
  { width, height, data }: AnomalyMap,
  threshold: number,
): Point[] {
  const points: Point[] = [];
  for (let at = 0; at < border.length; at += 2) {
    const [x, y] = [(border[at] as number) / 2, (border[at + 1] as number) / 2];
    const [stepX, stepY] = Number.isInteger(x) ? [0.5, 0] : [0, 0.5];
    const [beforeX, beforeY] = [x - stepX - 0.5, y - stepY - 0.5];
    const [afterX, afterY] = [x + stepX - 0.5, y + stepY - 0.5];
    const isWithin = beforeX >= 0 && beforeY >= 0 && afterX < width && afterY < height;
    const before = data[beforeY * width + beforeX] as number;
    const after = data[afterY * width + afterX] as number;
    const share = (threshold - before) / (after - before);
    // Between an infinite value and another, use the midpoint.
    const beyond = isWithin && Number.isFinite(share) ? 2 * share - 1 : 0;
    points.push([x + beyond * stepX, y + beyond * stepY]);
  }
  return points;
}

/** Fewer corners, none further off than the tolerance (Douglas and Peucker, 1973), on both halves of a closed line. */
function simplified(points: readonly Point[]): Point[] {
  const kept = new Uint8Array(points.length);
  const middle = farthest(points, 0, points.length, (point) => distance(point, points[0] as Point));
  const open: [number, number][] = [
    [0, middle.at],
    [middle.at, points.length],
  ];
  kept[0] = 1;
  kept[middle.at] = 1;
  for (let part = open.pop(); part; part = open.pop()) {
    const [from, to] = part;
    const [start, end] = [points[from] as Point, points[to % points.length] as Point];
    const { at, away } = farthest(points, from + 1, to, (point) => offLine(point, start, end));
    if (!(away > TOLERANCE)) continue;
    kept[at] = 1;
    open.push([from, at], [at, to]);
  }
  return points.filter((_, index) => kept[index]);
}

function farthest(
  points: readonly Point[],
  from: number,
  to: number,
  awayOf: (point: Point) => number,
): { at: number; away: number } {
  let [at, away] = [from, -1];
  for (let index = from; index < to; index++) {
    const own = awayOf(points[index] as Point);
    if (own > away) [at, away] = [index, own];
  }
  return { at, away };
}

function distance(a: Point, b: Point): number {
  return Math.hypot(a[0] - b[0], a[1] - b[1]);
}

/** Distance from the straight line between two points. */
function offLine([x, y]: Point, start: Point, end: Point): number {
  const length = distance(start, end);
  if (length === 0) return distance([x, y], start);
  const [dx, dy] = [end[0] - start[0], end[1] - start[1]];
  return Math.abs(dx * (y - start[1]) - dy * (x - start[0])) / length;
}

function boxOf(outline: readonly Point[]): Region['box'] {
  const [xs, ys] = [outline.map(([x]) => x), outline.map(([, y]) => y)];
  const [x, y] = [Math.min(...xs), Math.min(...ys)];
  return { x, y, width: tenths(Math.max(...xs) - x), height: tenths(Math.max(...ys) - y) };
}

function tenths(value: number): number {
  return Math.round(value * 10) / 10;
}
