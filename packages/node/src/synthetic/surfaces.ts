import {
  boreRadius,
  bushRadius,
  type Colour,
  holeAt,
  holeCircle,
  holeCount,
  holeRadius,
  type Place,
  rimRadius,
  sealInner,
  sealOuter,
  sinkRadius,
} from './geometry.ts';
import { clamp01, mix, smoothNoise, smoothStep } from './noise.ts';
import type { Part } from './part.ts';

/** Directions of the two lamps, seen from the part. */
export interface Lamps {
  readonly angle: number;
  readonly x: number;
  readonly y: number;
  readonly secondX: number;
  readonly secondY: number;
}

const noHole = { open: 0, missing: 0 };
const holes = Array.from({ length: holeCount }, (_, index) => holeAt(index));

/** A dark rubber mat with a fine weave, and the soft shadow of the part on it. */
export function drawMat(colour: Colour, x: number, y: number, part: Part): void {
  const weave = 0.012 * Math.sin(x * 1.25) * Math.sin(y * 1.25);
  const cloud = 0.012 * smoothNoise(x / 30 + 7, y / 30, part.seed);
  const fromShadowX = x - part.shiftX - 6;
  const fromShadowY = y - part.shiftY - 8;
  const shadowDistance = Math.sqrt(fromShadowX * fromShadowX + fromShadowY * fromShadowY);
  const shade = mix(0.45, 1, smoothStep(rimRadius - 6, rimRadius + 16, shadowDistance));
  colour[0] = (0.165 + weave + cloud) * shade;
  colour[1] = (0.195 + weave + cloud) * shade;
  colour[2] = (0.225 + weave + cloud) * shade;
}

/** @returns 1 on the part's surface, 0 in the bore and its keyway. */
export function drawMetal(place: Place, colour: Colour, lamps: Lamps, part: Part): number {
  const { radius } = place;
  const turn = Math.atan2(place.v, place.u) / Math.PI + 1;
  // Cosines of the angles to both lamps, without a call of `cos` for every pixel.
  const facing = (place.u * lamps.x + place.v * lamps.y) / (radius + 1e-9);
  const second = (place.u * lamps.secondX + place.v * lamps.secondY) / (radius + 1e-9);
  // Turning marks: rings, broken up slowly along the way round.
  const ring = smoothNoise(turn * 9, radius * 1.3, part.seed, 18);
  const fine = smoothNoise(turn * 20, radius * 2.9, part.seed + 1, 40);
  const marks = part.brushing * (0.028 * ring + 0.022 * fine);
  // A turned face reflects a lamp as two fans, towards it and away from it.
  const fans = 0.2 * fourth(facing * facing) + 0.07 * fourth(second * second * second);

  let slope = bevel(radius, rimRadius - 8, rimRadius, 1);
  slope += bevel(radius, 110, 112, -0.8) + bevel(radius, 112, 114, 0.8);
  slope += bevel(radius, sealOuter, sealOuter + 4, -0.9);
  const base = 0.56 + fans + marks + 0.3 * slope * facing - 0.1 * Math.abs(slope);
  colour[0] = base * 0.985;
  colour[1] = base;
  colour[2] = base * 1.025;

  if (radius < sealOuter + 1) drawSeal(radius, facing, colour);
  if (radius < sealInner + 1) drawHub(radius, facing, base, colour);
  if (radius < bushRadius + 1) drawBush(radius, facing, marks, colour);
  return drawBore(place, facing, colour);
}

/** A round, matt ring of red rubber. */
function drawSeal(radius: number, facing: number, colour: Colour): void {
  const share = clamp01(sealOuter - radius + 0.5);
  const round = (2 * (radius - sealInner)) / (sealOuter - sealInner) - 1;
  const height = Math.sqrt(Math.max(0, 1 - round * round));
  const shade = 0.35 + 0.5 * height + 0.28 * round * facing;
  colour[0] = mix(colour[0], 0.78 * shade, share);
  colour[1] = mix(colour[1], 0.22 * shade, share);
  colour[2] = mix(colour[2], 0.16 * shade, share);
}

function drawHub(radius: number, facing: number, base: number, colour: Colour): void {
  const share = clamp01(sealInner - radius + 0.5);
  const slope = bevel(radius, sealInner - 4, sealInner, 1);
  const shade = base + 0.07 + 0.3 * slope * facing;
  colour[0] = mix(colour[0], shade * 0.985, share);
  colour[1] = mix(colour[1], shade, share);
  colour[2] = mix(colour[2], shade * 1.02, share);
}

function drawBush(radius: number, facing: number, marks: number, colour: Colour): void {
  const share = clamp01(bushRadius - radius + 0.5);
  const slope = bevel(radius, bushRadius - 2.5, bushRadius, -0.7) + bevel(radius, 28, 32, -1);
  const shade = 0.74 + 0.26 * fourth(facing * facing) + 0.8 * marks + 0.34 * slope * facing;
  colour[0] = mix(colour[0], shade * 1.02, share);
  colour[1] = mix(colour[1], shade * 0.8, share);
  colour[2] = mix(colour[2], shade * 0.42, share);
}

function drawBore(place: Place, facing: number, colour: Colour): number {
  const keyway = Math.min(
    clamp01(6 - Math.abs(place.u) + 0.5),
    clamp01(place.v + boreRadius + 9 + 0.5) * (place.v < 0 ? 1 : 0),
  );
  const open = Math.max(
    clamp01(boreRadius - place.radius + 0.5),
    keyway * (place.radius < 40 ? 1 : 0),
  );
  if (open === 0) return 1;
  // Light reaches the wall that faces the lamp: the one on the far side.
  const wall = smoothStep(boreRadius - 9, boreRadius, place.radius) * clamp01(-facing);
  const depth = 0.05 + 0.3 * wall;
  colour[0] = mix(colour[0], depth, open);
  colour[1] = mix(colour[1], depth * 0.92, open);
  colour[2] = mix(colour[2], depth * 0.8, open);
  return 1 - open;
}

export function drawHoles(
  place: Place,
  colour: Colour,
  lamps: Lamps,
  missing: readonly number[],
): { readonly open: number; readonly missing: number } {
  if (Math.abs(place.radius - holeCircle) > sinkRadius + 1) return noHole;
  for (let index = 0; index < holeCount; index++) {
    const hole = holes[index] ?? { u: 0, v: 0 };
    const u = place.u - hole.u;
    const v = place.v - hole.v;
    const distance = Math.sqrt(u * u + v * v);
    const sink = clamp01(sinkRadius - distance + 0.5);
    if (sink === 0) continue;
    if (missing.includes(index)) return { open: 0, missing: sink };
    const facing = distance === 0 ? 0 : (u * lamps.x + v * lamps.y) / distance;
    const cone = 0.5 - 0.34 * facing;
    const open = clamp01(holeRadius - distance + 0.5);
    const wall = smoothStep(holeRadius - 5, holeRadius, distance) * clamp01(-facing);
    const depth = 0.045 + 0.24 * wall;
    colour[0] = mix(mix(colour[0], cone, sink), depth, open);
    colour[1] = mix(mix(colour[1], cone, sink), depth, open);
    colour[2] = mix(mix(colour[2], cone * 1.03, sink), depth, open);
    return { open, missing: 0 };
  }
  return noHole;
}

/** `slope` between two radii, eased over a pixel at both ends. */
function bevel(radius: number, inner: number, outer: number, slope: number): number {
  return slope * clamp01(radius - inner + 0.5) * clamp01(outer - radius + 0.5);
}

function fourth(value: number): number {
  const square = value * value;
  return square * square;
}
