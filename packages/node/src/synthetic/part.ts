import type { Random } from '@bigrid/method';
import { type Colour, type Place, rimRadius } from './geometry.ts';
import { clamp01, mix } from './noise.ts';
import { drawHoles, drawMat, drawMetal, type Lamps } from './surfaces.ts';

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

export interface PartDrawing {
  /** size * size * 3 bytes. */
  readonly image: Uint8Array;
  /** size * size bytes, 0 or 255. */
  readonly mask: Uint8Array;
}

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

/** Draws a turned steel flange with a red seal and a brass bush on a dark mat, seen from above. */
export function drawPart(part: Part, defect: Defect = {}): PartDrawing {
  const { size } = part;
  // Rounds and clamps by itself, faster than code can.
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

function pixelNoise(x: number, y: number, seed: number): number {
  let hash = Math.imul(x + 1, 0x9e3779b1) ^ Math.imul(y + 1, 0x85ebca77) ^ seed;
  hash = Math.imul(hash ^ (hash >>> 15), 0x2c1b3c6d);
  hash = Math.imul(hash ^ (hash >>> 12), 0x297a2d39);
  return ((hash ^ (hash >>> 15)) >>> 0) / 2147483648 - 1;
}
