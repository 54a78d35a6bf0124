import type { Random } from '@bigrid/method';
import { type Colour, holeAt, holeCount, type Place, rimRadius } from './geometry.ts';
import { clamp01, mix, smoothNoise, smoothStep } from './noise.ts';
import type { Defect } from './part.ts';

/**
 * The kinds of defect of the synthetic line, each a folder of test images. Each takes its
 * `severity`, 0 (barely visible) to 1 (obvious), and its random numbers from `random`.
 */
export const defectKinds: Readonly<Record<string, (severity: number, random: Random) => Defect>> = {
  chip,
  dent,
  missing_hole: missingHole,
  particle,
  scratch,
  stain,
};

/** A thin line, straight or bent, bright where the metal was torn open and dark along one side. */
function scratch(severity: number, random: Random): Defect {
  const length = mix(24, 150, severity) * random.uniform(0.85, 1.15);
  const width = mix(1.3, 3, severity);
  const path = bentPath(length, random);
  const seed = random.integer(0, 2 ** 30 - 1);
  return {
    paint(place, colour, solid) {
      if (solid === 0) return 0;
      const near = nearestOnPath(path, place);
      if (near.distance > width + 2) return 0;
      // Thin at both ends, as pressure comes and goes.
      const taper = Math.sqrt(clamp01(Math.min(near.share, 1 - near.share) * 6 + 0.15));
      const rough = 1 + 0.25 * smoothNoise(near.share * length * 0.4, 0, seed);
      const half = (width / 2) * taper * rough;
      const core = clamp01(half + 0.5 - near.distance) * solid;
      const flank = clamp01(half + 1.3 - near.distance) * solid * (near.side > 0 ? 1 : 0.35);
      tint(colour, [0.2, 0.2, 0.21], 0.6 * flank);
      tint(colour, [0.97, 0.97, 0.96], 0.9 * core);
      return Math.max(core, 0.6 * flank);
    },
  };
}

/** A dried drop of oil or rust: brown, with a darker edge and a frayed outline. */
function stain(severity: number, random: Random): Defect {
  const radius = mix(7, 30, severity) * random.uniform(0.9, 1.1);
  const middle = placeOnFlange(random);
  const seed = random.integer(0, 2 ** 30 - 1);
  const strength = mix(0.5, 0.8, random.uniform());
  return {
    paint(place, colour, solid) {
      const outline = blob(place, middle, radius, 0.4, seed);
      if (solid === 0 || outline.outside > 2) return 0;
      const cover = smoothStep(2, -2, outline.outside) * solid;
      const rim = smoothStep(-6, -1, outline.outside) * smoothStep(3, 0, outline.outside);
      // Sampled at an angle, or the lattice of the noise shows as upright squares.
      const across = place.u * 0.8 + place.v * 0.6;
      const along = place.v * 0.8 - place.u * 0.6;
      const patches =
        0.16 * smoothNoise(across / 9, along / 9, seed) +
        0.09 * smoothNoise(along / 3.7, across / 3.7, seed + 1);
      const depth = cover * clamp01(strength + patches + 0.22 * rim);
      colour[0] *= mix(1, 0.66, depth);
      colour[1] *= mix(1, 0.4, depth);
      colour[2] *= mix(1, 0.18, depth);
      return cover;
    },
  };
}

/** One bolt hole was never drilled; at the highest severity nor was its neighbour. */
function missingHole(severity: number, random: Random): Defect {
  const first = random.integer(0, holeCount - 1);
  return { missingHoles: severity < 0.9 ? [first] : [first, (first + 1) % holeCount] };
}

/** A piece is broken out of the rim; the fracture is rough and catches the light. */
function chip(severity: number, random: Random): Defect {
  const radius = mix(5, 22, severity) * random.uniform(0.9, 1.1);
  const angle = random.uniform(-Math.PI, Math.PI);
  const from = rimRadius + radius * 0.25;
  const middle = { u: from * Math.cos(angle), v: from * Math.sin(angle) };
  const seed = random.integer(0, 2 ** 30 - 1);
  const face = mix(2.5, 5, severity);
  return {
    broken: (place) => clamp01(0.5 - blob(place, middle, radius, 0.28, seed).outside),
    paint(place, colour, solid) {
      const { outside } = blob(place, middle, radius, 0.28, seed);
      if (solid === 0 || outside > face + 1) return 0;
      const cover = clamp01(face - outside + 0.5) * solid;
      const facets =
        0.62 +
        0.26 * smoothNoise(place.u / 2.2, place.v / 2.2, seed) +
        0.12 * smoothNoise(place.u, place.v, seed + 1);
      tint(colour, [facets, facets, facets * 1.01], 0.92 * cover);
      return cover;
    },
  };
}

/** A dent: one wall faces the light, the other faces away from it. */
function dent(severity: number, random: Random): Defect {
  const radius = mix(6, 19, severity) * random.uniform(0.9, 1.1);
  const middle = placeOnFlange(random);
  const seed = random.integer(0, 2 ** 30 - 1);
  return {
    paint(place, colour, solid, light) {
      const { outside, distance } = blob(place, middle, radius, 0.12, seed);
      if (solid === 0 || outside > 1) return 0;
      const cover = clamp01(0.5 - outside) * solid;
      const depth = clamp01(1 + outside / radius);
      // Steepest halfway down, flat in the middle.
      const slope = 4 * depth * (1 - depth) + 0.6 * depth * depth * depth;
      const direction = Math.atan2(place.v - middle.v, place.u - middle.u);
      const facing = distance === 0 ? 0 : Math.cos(direction - light);
      const shade = 1 - cover * (0.5 * slope * facing + 0.1 * slope);
      for (let channel = 0; channel < 3; channel++) {
        colour[channel] = clamp01((colour[channel] ?? 0) * shade);
      }
      return cover;
    },
  };
}

/** A foreign particle lies on the part: a crumb of plastic, rubber or paint. */
function particle(severity: number, random: Random): Defect {
  const radius = mix(3, 12, severity) * random.uniform(0.9, 1.1);
  const middle = placeOnFlange(random);
  const seed = random.integer(0, 2 ** 30 - 1);
  const paints: readonly Colour[] = [
    [0.16, 0.42, 0.74],
    [0.24, 0.56, 0.3],
    [0.9, 0.87, 0.8],
    [0.1, 0.1, 0.11],
    [0.86, 0.62, 0.16],
  ];
  // By severity first, so that even a few images show several colours.
  const paint = paints[Math.floor(severity * 4.99 + random.integer(0, 1)) % paints.length] ?? [
    0, 0, 0,
  ];
  return {
    paint(place, colour, _solid, light) {
      // The shadow falls away from the lamp. It is not part of the mask: only the particle is the defect.
      const shifted = {
        u: middle.u - 2.5 * Math.cos(light),
        v: middle.v - 2.5 * Math.sin(light),
      };
      const shade = smoothStep(2, -2, blob(place, shifted, radius, 0.45, seed).outside);
      tint(colour, [0.04, 0.04, 0.05], 0.55 * shade);
      const { outside, distance } = blob(place, middle, radius, 0.45, seed);
      const cover = clamp01(0.5 - outside);
      if (cover === 0) return 0;
      const direction = Math.atan2(place.v - middle.v, place.u - middle.u);
      const facing = distance === 0 ? 0 : Math.cos(direction - light);
      const edge = clamp01(distance / radius);
      const lit = 1 + 0.4 * edge * facing + 0.12 * smoothNoise(place.u / 2, place.v / 2, seed);
      tint(colour, [paint[0] * lit, paint[1] * lit, paint[2] * lit], cover);
      return cover;
    },
  };
}

/** Points 3 pixels apart along a slightly bent line that begins on the flange and stays on the part. */
function bentPath(length: number, random: Random): { u: number; v: number }[] {
  for (;;) {
    let { u, v } = placeOnFlange(random);
    let heading = random.uniform(0, 2 * Math.PI);
    const bend = random.uniform(-0.03, 0.03);
    const path = [{ u, v }];
    while (path.length * 3 < length) {
      u += Math.cos(heading) * 3;
      v += Math.sin(heading) * 3;
      heading += bend;
      path.push({ u, v });
    }
    if (path.every((point) => Math.hypot(point.u, point.v) < rimRadius - 3)) return path;
  }
}

/** Somewhere on the flat face of the flange, not on a bolt hole. */
function placeOnFlange(random: Random): { u: number; v: number } {
  for (;;) {
    const angle = random.uniform(-Math.PI, Math.PI);
    const radius = random.uniform(76, 118);
    const place = { u: radius * Math.cos(angle), v: radius * Math.sin(angle) };
    const clear = Array.from({ length: holeCount }, (_, index) => holeAt(index)).every(
      (hole) => Math.hypot(place.u - hole.u, place.v - hole.v) > 20,
    );
    if (clear) return place;
  }
}

/** Distance from an uneven round outline: negative inside. `fray` is how uneven, as a share of the radius. */
function blob(
  place: Place,
  middle: { readonly u: number; readonly v: number },
  radius: number,
  fray: number,
  seed: number,
): { outside: number; distance: number } {
  const u = place.u - middle.u;
  const v = place.v - middle.v;
  const distance = Math.sqrt(u * u + v * v);
  // Far away the outline need not be exact, and most pixels are far away.
  if (distance > radius * 2 + 12) return { outside: distance - radius, distance };
  const turn = Math.atan2(v, u) / Math.PI + 1;
  const wide = smoothNoise(turn * 2, 0.5, seed, 4);
  const middling = smoothNoise(turn * 4.5, 3.5, seed, 9);
  const narrow = smoothNoise(turn * 10, 6.5, seed, 20);
  const uneven = 0.65 * wide + 0.4 * middling + 0.15 * narrow;
  return { outside: distance - radius * (1 + fray * uneven), distance };
}

function nearestOnPath(
  path: readonly { readonly u: number; readonly v: number }[],
  place: Place,
): { distance: number; share: number; side: number } {
  let best = { distance: Number.POSITIVE_INFINITY, share: 0, side: 0 };
  for (let i = 0; i + 1 < path.length; i++) {
    const from = path[i];
    const to = path[i + 1];
    if (from === undefined || to === undefined) continue;
    const u = place.u - from.u;
    const v = place.v - from.v;
    if (Math.abs(u) > best.distance + 3 || Math.abs(v) > best.distance + 3) continue;
    const alongU = to.u - from.u;
    const alongV = to.v - from.v;
    const share = clamp01((u * alongU + v * alongV) / (alongU * alongU + alongV * alongV));
    const offU = u - share * alongU;
    const offV = v - share * alongV;
    const distance = Math.sqrt(offU * offU + offV * offV);
    if (distance < best.distance) {
      const side = Math.sign(alongU * v - alongV * u);
      best = { distance, share: (i + share) / (path.length - 1), side };
    }
  }
  return best;
}

function tint(colour: Colour, over: Colour, share: number): void {
  colour[0] = clamp01(mix(colour[0], over[0], share));
  colour[1] = clamp01(mix(colour[1], over[1], share));
  colour[2] = clamp01(mix(colour[2], over[2], share));
}
