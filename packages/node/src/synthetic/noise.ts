/**
 * Smooth noise in -1..1 whose features are one unit large: random values at whole coordinates, eased between.
 *
 * @param periodX repeats after so many units of `x` (for angles); 0 for never.
 */
export function smoothNoise(x: number, y: number, seed: number, periodX = 0): number {
  const column = Math.floor(x);
  const row = Math.floor(y);
  const across = ease(x - column);
  const down = ease(y - row);
  const left = periodX > 0 ? modulo(column, periodX) : column;
  const right = periodX > 0 ? modulo(column + 1, periodX) : column + 1;
  const top = mix(lattice(left, row, seed), lattice(right, row, seed), across);
  const bottom = mix(lattice(left, row + 1, seed), lattice(right, row + 1, seed), across);
  return mix(top, bottom, down);
}

/** From 0 to 1 as `value` goes from `low` to `high`, without a kink at either end. */
export function smoothStep(low: number, high: number, value: number): number {
  return ease(clamp01((value - low) / (high - low)));
}

export function clamp01(value: number): number {
  return value < 0 ? 0 : Math.min(value, 1);
}

export function mix(a: number, b: number, share: number): number {
  return a + (b - a) * share;
}

function lattice(x: number, y: number, seed: number): number {
  let hash = Math.imul(x, 0x27d4eb2d) ^ Math.imul(y, 0x165667b1) ^ seed;
  hash = Math.imul(hash ^ (hash >>> 15), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return ((hash ^ (hash >>> 16)) >>> 0) / 2147483648 - 1;
}

function ease(share: number): number {
  return share * share * (3 - 2 * share);
}

function modulo(value: number, period: number): number {
  return ((value % period) + period) % period;
}
