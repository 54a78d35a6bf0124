import type { Random } from './random.ts';

/** One number a pixel, row by row. */
type Field = Float32Array;
type Draw = (random: Random, side: number) => Field;

/** Share of the textures without colour: many products have none, and a defect need not bring it. */
const GREY_SHARE = 0.4;
/** A field's largest share in a channel, in grey levels a deviation. */
const CONTRAST = 60;

/**
 * Draws a picture of nothing in particular: up to three of grain, strands, waves, spots, cells and checks over a plain
 * colour. Its features stand for material that no good picture shows, as pictures of textures do in DRAEM (Zavrtanik et
 * al. 2021, section 3.3), which this needs none of.
 * @param side height and width in pixels
 * @returns side * side * 3 bytes, RGB
 */
export function drawTexture(random: Random, side: number): Uint8Array {
  const colour = random.array(3, () => random.uniform(20, 235));
  const layers = Array.from({ length: random.integer(1, 3) }, () => {
    const field = (fields[random.integer(0, fields.length - 1)] as Draw)(random, side);
    const one = random.uniform(-CONTRAST, CONTRAST);
    const isGrey = random.uniform() < 0.6;
    const shares = random.array(3, () => (isGrey ? one : random.uniform(-CONTRAST, CONTRAST)));
    return { field, shares };
  });
  const isGrey = random.uniform() < GREY_SHARE;
  const [red, green, blue] = [0, 1, 2].map((channel) => {
    const values = new Float64Array(side * side).fill(colour[channel] as number);
    for (const { field, shares } of layers) {
      const share = shares[channel] as number;
      for (let pixel = 0; pixel < field.length; pixel++) {
        values[pixel] = (values[pixel] as number) + share * (field[pixel] as number);
      }
    }
    return values;
  }) as [Float64Array, Float64Array, Float64Array];
  const pixels = new Uint8ClampedArray(side * side * 3);
  for (let pixel = 0; pixel < side * side; pixel++) {
    const own = [red[pixel], green[pixel], blue[pixel]] as [number, number, number];
    const grey = (own[0] + own[1] + own[2]) / 3;
    for (let channel = 0; channel < 3; channel++) {
      pixels[3 * pixel + channel] = isGrey ? grey : (own[channel] as number);
    }
  }
  return new Uint8Array(pixels.buffer);
}

const fields: readonly Draw[] = [grain, strands, waves, spots, cells, checks];

function grain(random: Random, side: number): Field {
  const scale = logUniform(random, 0.4, 20);
  return noise(random, side, scale, scale);
}

function strands(random: Random, side: number): Field {
  const across = logUniform(random, 0.4, 7);
  const along = across * logUniform(random, 3, 12);
  return random.uniform() < 0.5
    ? noise(random, side, across, along)
    : noise(random, side, along, across);
}

function waves(random: Random, side: number): Field {
  const direction = random.uniform(0, Math.PI);
  const frequency = logUniform(random, 0.05, 1);
  const [down, right] = [Math.sin(direction) * frequency, Math.cos(direction) * frequency];
  const bend = noise(random, side, 8, 8);
  const strength = random.uniform(0, 2);
  return bend.map((value, pixel) => {
    const [row, column] = [Math.floor(pixel / side), pixel % side];
    return Math.sin(row * down + column * right + strength * value);
  });
}

function spots(random: Random, side: number): Field {
  const threshold = random.uniform(0, 1);
  const scale = logUniform(random, 1, 12);
  return noise(random, side, scale, scale).map((value) => (value > threshold ? 1 : -1));
}

/** Distances to the nearest of scattered points, or the borders between their cells (Worley 1996). */
function cells(random: Random, side: number): Field {
  const count = random.integer(20, 200);
  const rows = random.array(count, () => random.uniform(0, side));
  const columns = random.array(count, () => random.uniform(0, side));
  const borders = random.uniform() < 0.5 ? random.uniform(1, 5) : undefined;
  const field = new Float32Array(side * side).map((_, pixel) => {
    const [row, column] = [Math.floor(pixel / side), pixel % side];
    let [nearest, second] = [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY];
    for (let point = 0; point < count; point++) {
      const distance =
        (row - (rows[point] as number)) ** 2 + (column - (columns[point] as number)) ** 2;
      second = Math.min(second, Math.max(nearest, distance));
      nearest = Math.min(nearest, distance);
    }
    if (borders === undefined) return Math.sqrt(nearest);
    return Math.sqrt(second) - Math.sqrt(nearest) < borders ? 1 : -1;
  });
  return borders === undefined ? standardised(field) : field;
}

function checks(random: Random, side: number): Field {
  const size = random.integer(4, 40);
  return new Float32Array(side * side).map((_, pixel) => {
    const [row, column] = [Math.floor(pixel / side), pixel % side];
    return (Math.floor(row / size) + Math.floor(column / size)) % 2 === 0 ? 1 : -1;
  });
}

/** Normal noise, blurred by about `down` and `right` pixels, with mean 0 and deviation 1. */
function noise(random: Random, side: number, down: number, right: number): Field {
  let field = random.array(side * side, () => random.normal());
  // Three box blurs are close to a Gaussian.
  for (let pass = 0; pass < 3; pass++) {
    field = boxBlur(field, side, 1, side, reachOf(right));
    field = boxBlur(field, side, side, 1, reachOf(down));
  }
  return standardised(field);
}

/** So many pixels to each side that three boxes have about the deviation asked for. */
function reachOf(deviation: number): number {
  return Math.round((Math.sqrt(4 * deviation ** 2 + 1) - 1) / 2);
}

/** Sums over boxes along lines that go round. @param step from one pixel of a line to the next; `line` from line to line */
function boxBlur(field: Field, side: number, step: number, line: number, reach: number): Field {
  if (reach === 0) return field;
  const blurred = new Float32Array(field.length);
  for (let start = 0; start < side * line; start += line) {
    const at = (place: number) => field[start + (((place % side) + side) % side) * step] as number;
    let sum = 0;
    for (let place = -reach; place <= reach; place++) sum += at(place);
    for (let place = 0; place < side; place++) {
      blurred[start + place * step] = sum;
      sum += at(place + reach + 1) - at(place - reach);
    }
  }
  return blurred;
}

function standardised(field: Field): Field {
  const mean = field.reduce((sum, value) => sum + value, 0) / field.length;
  const variance = field.reduce((sum, value) => sum + (value - mean) ** 2, 0) / field.length;
  return field.map((value) => (value - mean) / Math.sqrt(variance));
}

function logUniform(random: Random, low: number, high: number): number {
  return low * (high / low) ** random.uniform();
}
