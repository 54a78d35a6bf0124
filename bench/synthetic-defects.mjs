// Synthetic defects in good images not trained on, so that options can be chosen without looking at the test images of
// any product. Six kinds: a scratch, a brighter or darker spot, a piece of another place or image, a blot of another
// texture, a blurred spot, a warped spot. All at 256 x 256.

import { Random } from '@bigrid/method';
import sharp from 'sharp';

const SIDE = 256;
const AREA = SIDE * SIDE;
const MOST_GOOD = 40;
const DEFECTIVE = 160;
/** Area of a spot, in pixels, from 0.1 to 4.6 % of an image, or 4 to 18 %. */
const SPOTS = { small: [60, 3000], large: [2500, 12_000] };
/** The values of `--synthetic`. */
export const syntheticSizes = Object.keys(SPOTS);

/**
 * Labelled images made from good ones.
 * @param entries good images, each with `read`
 * @param size of their defects except scratches: `small` or `large`
 * @returns entries for `evaluate`: the good images, and about 160 with a defect and its mask
 */
export async function syntheticEntries(entries, className, seed, size) {
  const random = new Random(seed).fork('synthetic defects');
  const images = await Promise.all(entries.slice(0, MOST_GOOD).map(small));
  const good = images.map((image, i) => entry(image, undefined, className, 'good', `good-${i}`));
  const rounds = Math.max(1, Math.round(DEFECTIVE / images.length));
  const defective = Array.from({ length: rounds * images.length }, (_, i) => {
    const image = images[i % images.length];
    const other = images[random.integer(0, images.length - 1)];
    const { data, mask } = withDefect(random, SPOTS[size], image, other);
    return mask.includes(255) ? [entry(data, mask, className, 'synthetic', `defect-${i}`)] : [];
  });
  return [...good, ...defective.flat()];
}

function entry(data, mask, className, defect, path) {
  const image = { width: SIDE, height: SIDE, data: Uint8Array.from(data, Math.round) };
  const readMask = mask && (async () => ({ width: SIDE, height: SIDE, data: mask }));
  return { path, className, defect, read: async () => image, readMask };
}

/** RGB numbers, row by row. */
async function small({ read }) {
  const { width, height, data } = await read();
  const resized = await sharp(data, { raw: { width, height, channels: 3 } })
    .resize(SIDE, SIDE, { fit: 'fill' })
    .raw()
    .toBuffer();
  return Float32Array.from(resized);
}

function withDefect(random, areas, image, other) {
  const kinds = [scratch, spot, piece, blot, blurred, warped];
  const { mask, texture } = kinds[random.integer(0, kinds.length - 1)](random, areas, image, other);
  const soft = blur(mask, 0.7);
  const data = image.map((value, i) => {
    const share = soft[Math.floor(i / 3)];
    return Math.min(255, Math.max(0, value * (1 - share) + texture(i) * share));
  });
  return { data, mask: Uint8Array.from(mask, (value) => (value > 0.5 ? 255 : 0)) };
}

const sign = (random) => (random.uniform() < 0.5 ? -1 : 1);

function scratch(random, _, image) {
  const step = sign(random) * random.uniform(30, 110);
  return { mask: line(random), texture: (i) => image[i] + step };
}

function spot(random, areas, image) {
  const step = sign(random) * random.uniform(20, 90);
  const tint = random.array(3, () => 10 * random.normal());
  return { mask: blob(random, areas), texture: (i) => image[i] + step + tint[i % 3] };
}

function piece(random, areas, image, other) {
  const source = random.uniform() < 0.5 ? image : other;
  const [down, right] = [random.integer(20, 235), random.integer(20, 235)];
  const from = (i) => {
    const pixel = Math.floor(i / 3);
    const [y, x] = [(Math.floor(pixel / SIDE) + down) % SIDE, ((pixel % SIDE) + right) % SIDE];
    return 3 * (y * SIDE + x) + (i % 3);
  };
  return { mask: blob(random, areas), texture: (i) => source[from(i)] };
}

function blot(random, areas) {
  const colour = random.array(3, () => random.uniform(20, 235));
  const strength = random.uniform(5, 40);
  const grain = noise(random, random.uniform(0.7, 4));
  return {
    mask: blob(random, areas),
    texture: (i) => colour[i % 3] + strength * grain[Math.floor(i / 3)],
  };
}

function blurred(random, areas, image) {
  const planes = [0, 1, 2].map((c) =>
    blur(
      Float32Array.from({ length: AREA }, (_, pixel) => image[3 * pixel + c]),
      4,
    ),
  );
  const step = 12 * random.normal();
  return { mask: blob(random, areas), texture: (i) => planes[i % 3][Math.floor(i / 3)] + step };
}

function warped(random, areas, image) {
  const [down, right] = [noise(random, 4), noise(random, 4)];
  const held = (at) => Math.min(SIDE - 1, Math.max(0, Math.round(at)));
  return {
    mask: blob(random, areas),
    texture: (i) => {
      const pixel = Math.floor(i / 3);
      const y = held(Math.floor(pixel / SIDE) + 6 * down[pixel]);
      const x = held((pixel % SIDE) + 6 * right[pixel]);
      return image[3 * (y * SIDE + x) + (i % 3)];
    },
  };
}

/** A place near the centre of the image, where products are. */
function place(random, reach) {
  const [angle, far] = [random.uniform(0, 2 * Math.PI), reach * Math.sqrt(random.uniform())];
  return [SIDE / 2 + far * Math.cos(angle), SIDE / 2 + far * Math.sin(angle)];
}

/** A ragged ellipse of `least` to `most` pixels. */
function blob(random, [least, most]) {
  const radius = Math.sqrt(Math.exp(random.uniform(Math.log(least), Math.log(most))) / Math.PI);
  const [cx, cy] = place(random, 100);
  const [stretch, turn] = [Math.sqrt(random.uniform(0.5, 2)), random.uniform(0, Math.PI)];
  const ragged = noise(random, Math.max(2, radius / 2.5));
  return Float32Array.from({ length: AREA }, (_, pixel) => {
    const [x, y] = [(pixel % SIDE) - cx, Math.floor(pixel / SIDE) - cy];
    const u = (x * Math.cos(turn) + y * Math.sin(turn)) / stretch;
    const v = (-x * Math.sin(turn) + y * Math.cos(turn)) * stretch;
    return Math.hypot(u, v) / radius + 0.25 * ragged[pixel] < 1 ? 1 : 0;
  });
}

/** A slightly bent line of 20 to 120 pixels, 3 or 5 pixels wide. */
function line(random) {
  const mask = new Float32Array(AREA);
  let [x, y] = place(random, 90);
  let angle = random.uniform(0, 2 * Math.PI);
  const [length, width] = [random.integer(20, 120), random.integer(1, 2)];
  for (let step = 0; step < length; step++) {
    angle += 0.08 * random.normal();
    [x, y] = [x + Math.cos(angle), y + Math.sin(angle)];
    for (let dy = -width; dy <= width; dy++) {
      for (let dx = -width; dx <= width; dx++) {
        const [column, row] = [Math.round(x) + dx, Math.round(y) + dy];
        const inside = column >= 0 && column < SIDE && row >= 0 && row < SIDE;
        if (inside && Math.abs(dx) + Math.abs(dy) <= width) mask[row * SIDE + column] = 1;
      }
    }
  }
  return mask;
}

/** Smooth noise with mean 0 and standard deviation 1. */
function noise(random, deviation) {
  const smooth = blur(
    random.array(AREA, () => random.normal()),
    deviation,
  );
  const mean = smooth.reduce((sum, value) => sum + value, 0) / AREA;
  const variance = smooth.reduce((sum, value) => sum + (value - mean) ** 2, 0) / AREA;
  return smooth.map((value) => (value - mean) / Math.sqrt(variance));
}

/** A Gaussian along rows, then along columns; edges are extended. */
function blur(plane, deviation) {
  const radius = Math.ceil(3 * deviation);
  const kernel = Array.from({ length: 2 * radius + 1 }, (_, i) =>
    Math.exp(-((i - radius) ** 2) / (2 * deviation ** 2)),
  );
  const total = kernel.reduce((sum, value) => sum + value, 0);
  const along = (values, stride) =>
    Float32Array.from({ length: AREA }, (_, pixel) => {
      const at = stride === 1 ? pixel % SIDE : Math.floor(pixel / SIDE);
      let sum = 0;
      for (let i = 0; i < kernel.length; i++) {
        const to = Math.min(SIDE - 1, Math.max(0, at + i - radius));
        sum += kernel[i] * values[pixel + (to - at) * stride];
      }
      return sum / total;
    });
  return along(along(plane, 1), SIDE);
}
