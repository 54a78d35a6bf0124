import type { Random } from '@bigrid/method';
import { clamp01, mix, smoothNoise, smoothStep } from './noise.ts';

/** A colour, 0..1 for each of red, green and blue; written to while a pixel is drawn. */
export type Colour = [red: number, green: number, blue: number];

/** A place on the part: pixels of a 320-pixel drawing from its middle, turned with the part. */
export interface Place {
  u: number;
  v: number;
  /** Distance from the middle. */
  radius: number;
}

/** What a defect does to the drawing. Coverages are 0..1; the mask is where they reach a quarter. */
export interface Defect {
  /** Bolt holes that were never drilled, by number. */
  readonly missingHoles?: readonly number[] | undefined;
  /** How much of the part is broken away here. */
  broken?(place: Place): number;
  /** Paints over the finished surface and returns how much of this pixel it covers. `solid`: 0 in holes. */
  paint?(place: Place, colour: Colour, solid: number, light: number): number;
}

/** One photograph of one part: where it lies and how it is lit. */
export interface Part {
  readonly size: number;
  readonly shiftX: number;
  readonly shiftY: number;
  readonly rotation: number;
  readonly scale: number;
  /** Direction in which the lamp stands, radians in the image. */
  readonly light: number;
  readonly brightness: number;
  /** Change of brightness from the middle to the edge, along x and y. */
  readonly gradientX: number;
  readonly gradientY: number;
  readonly warmth: number;
  /** Strength of the turning marks, about 1. */
  readonly brushing: number;
  readonly seed: number;
}

/** Directions of the two lamps, seen from the part. */
interface Lamps {
  readonly angle: number;
  readonly x: number;
  readonly y: number;
  readonly secondX: number;
  readonly secondY: number;
}

export interface PartDrawing {
  /** size * size * 3 bytes. */
  readonly image: Uint8Array;
  /** size * size bytes, 0 or 255. */
  readonly mask: Uint8Array;
}

export const rimRadius = 130;
const holeCircle = 95;
export const holeCount = 6;
const holeRadius = 11;
const sinkRadius = 15.5;
const sealInner = 60;
const sealOuter = 69;
const bushRadius = 45;
const boreRadius = 28;

/** Good parts differ as much as this. */
export function somePart(size: number, random: Random): Part {
  return {
    size,
    shiftX: random.uniform(-2.5, 2.5),
    shiftY: random.uniform(-2.5, 2.5),
    rotation: random.uniform(-0.05, 0.05),
    scale: random.uniform(0.99, 1.01),
    light: -2.25 + random.uniform(-0.07, 0.07),
    brightness: random.uniform(0.95, 1.05),
    gradientX: random.uniform(-0.03, 0.03),
    gradientY: random.uniform(-0.03, 0.03),
    warmth: random.uniform(-0.012, 0.012),
    brushing: random.uniform(0.8, 1.2),
    seed: random.integer(0, 2 ** 30 - 1),
  };
}

/** Middle of a bolt hole. */
export function holeAt(index: number): { u: number; v: number } {
  const angle = ((index + 0.5) * 2 * Math.PI) / holeCount;
  return { u: holeCircle * Math.cos(angle), v: holeCircle * Math.sin(angle) };
}

const noHole = { open: 0, missing: 0 };
const holes = Array.from({ length: holeCount }, (_, index) => holeAt(index));

/** Draws a turned steel flange with a red seal and a brass bush on a dark mat, seen from above. */
export function drawPart(part: Part, defect: Defect = {}): PartDrawing {
  const { size } = part;
  // Rounds and clamps by itself, quicker than code can.
  const image = new Uint8ClampedArray(size * size * 3);
  const mask = new Uint8Array(size * size);
  const zoom = size / 320;
  const cosine = Math.cos(part.rotation);
  const sine = Math.sin(part.rotation);
  // The lamp stands still while parts turn below it.
  const light = part.light - part.rotation;
  const lamps: Lamps = {
    angle: light,
    x: Math.cos(light),
    y: Math.sin(light),
    secondX: Math.cos(light + 1.2),
    secondY: Math.sin(light + 1.2),
  };
  const colour: Colour = [0, 0, 0];
  const place: Place = { u: 0, v: 0, radius: 0 };
  const grain = part.seed + 2;
  for (let y = 0; y < size; y++) {
    for (let x = 0; x < size; x++) {
      const fromX = (x + 0.5) / zoom - 160;
      const fromY = (y + 0.5) / zoom - 160;
      const onX = (fromX - part.shiftX) / part.scale;
      const onY = (fromY - part.shiftY) / part.scale;
      place.u = onX * cosine + onY * sine;
      place.v = onY * cosine - onX * sine;
      // `Math.hypot` guards against overflow and takes ten times as long; this runs for every pixel.
      place.radius = Math.sqrt(place.u * place.u + place.v * place.v);
      const covered = drawPlace(part, defect, place, colour, lamps, fromX, fromY);
      const i = y * size + x;
      mask[i] = covered >= 0.25 ? 255 : 0;
      const lamp =
        part.brightness * (1 + (part.gradientX * fromX + part.gradientY * fromY) / 160) -
        (0.1 * (fromX * fromX + fromY * fromY)) / (2 * 160 * 160);
      // Two values added come closer to the bell shape of a sensor's noise than one.
      const noise = 0.011 * (pixelNoise(x, y, grain) + pixelNoise(x, y, grain + 1));
      image[i * 3] = 255 * (colour[0] * lamp * (1 + part.warmth) + noise);
      image[i * 3 + 1] = 255 * (colour[1] * lamp + noise);
      image[i * 3 + 2] = 255 * (colour[2] * lamp * (1 - part.warmth) + noise);
    }
  }
  return { image: new Uint8Array(image.buffer), mask };
}

function drawPlace(
  part: Part,
  defect: Defect,
  place: Place,
  colour: Colour,
  lamps: Lamps,
  fromX: number,
  fromY: number,
): number {
  const inside = clamp01(rimRadius - place.radius + 0.5);
  const broken = inside > 0 ? Math.min(inside, defect.broken?.(place) ?? 0) : 0;
  if (inside - broken < 1) drawMat(colour, fromX, fromY, part);
  const matRed = colour[0];
  const matGreen = colour[1];
  const matBlue = colour[2];
  let covered = broken;
  let solid = inside - broken;
  if (inside > 0) {
    solid *= drawMetal(place, colour, lamps, part);
    const hole = drawHoles(place, colour, lamps, defect.missingHoles ?? []);
    solid *= 1 - hole.open;
    covered = Math.max(covered, hole.missing);
    const share = inside - broken;
    colour[0] = mix(matRed * 0.6, colour[0], share);
    colour[1] = mix(matGreen * 0.6, colour[1], share);
    colour[2] = mix(matBlue * 0.6, colour[2], share);
  }
  return Math.max(covered, defect.paint?.(place, colour, solid, lamps.angle) ?? 0);
}

/** A dark rubber mat with a fine weave, and the soft shadow of the part on it. */
function drawMat(colour: Colour, x: number, y: number, part: Part): void {
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
function drawMetal(place: Place, colour: Colour, lamps: Lamps, part: Part): number {
  const { radius } = place;
  const turn = Math.atan2(place.v, place.u) / Math.PI + 1;
  // Cosines of the angles to both lamps, without a call of `cos` for every pixel.
  const facing = (place.u * lamps.x + place.v * lamps.y) / (radius + 1e-9);
  const second = (place.u * lamps.secondX + place.v * lamps.secondY) / (radius + 1e-9);
  // Turning marks: rings, broken up slowly along the way round.
  const ring = smoothNoise(turn * 9, radius * 1.3, part.seed, 18);
  const fine = smoothNoise(turn * 20, radius * 2.9, part.seed + 1, 40);
  const marks = part.brushing * (0.028 * ring + 0.022 * fine);
  // A turned face mirrors a lamp as two fans towards it and away from it.
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

function drawHoles(
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

function pixelNoise(x: number, y: number, seed: number): number {
  let hash = Math.imul(x + 1, 0x9e3779b1) ^ Math.imul(y + 1, 0x85ebca77) ^ seed;
  hash = Math.imul(hash ^ (hash >>> 15), 0x2c1b3c6d);
  hash = Math.imul(hash ^ (hash >>> 12), 0x297a2d39);
  return ((hash ^ (hash >>> 15)) >>> 0) / 2147483648 - 1;
}
