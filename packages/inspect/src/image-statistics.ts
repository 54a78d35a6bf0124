import type { Image } from './ports.ts';

/** What is measured of an image to see whether images still look as they did. */
export const statisticNames = ['brightness', 'contrast', 'sharpness', 'red', 'blue'] as const;

export type StatisticName = (typeof statisticNames)[number];

/**
 * - `brightness`: mean lightness, 0..1.
 * - `contrast`: the deviation of lightness over its mean. A darker exposure of the same thing has the same contrast.
 * - `sharpness`: mean difference between pixels beside each other, over the deviation: it falls with the focus.
 * - `red`, `blue`: their share of red + green + blue, 0..1; 1/3 in a grey image.
 *
 * All with four digits that count, which is more than they are good for.
 */
export type ImageStatistics = Readonly<Record<StatisticName, number>>;

/** Pixels looked at, in each direction: enough for a mean, and a hundredth of the time that an inspection takes. */
const SAMPLES = 128;

/** Measures 128 x 128 pixels spread over an image, each with its neighbour to the right. */
export function imageStatistics({ width, height, data }: Image): ImageStatistics {
  const [across, down] = [Math.min(SAMPLES, width), Math.min(SAMPLES, height)];
  const value = (at: number) => data[at] as number;
  let [red, green, blue, squares, differences] = [0, 0, 0, 0, 0];
  for (let j = 0; j < down; j++) {
    const row = Math.floor(((j + 0.5) * height) / down) * width;
    for (let i = 0; i < across; i++) {
      const x = Math.floor(((i + 0.5) * width) / across);
      const at = 3 * (row + x);
      const next = x + 1 < width ? at + 3 : at;
      const here = lightness(value(at), value(at + 1), value(at + 2));
      red += value(at);
      green += value(at + 1);
      blue += value(at + 2);
      squares += here * here;
      differences += Math.abs(here - lightness(value(next), value(next + 1), value(next + 2)));
    }
  }
  const pixels = across * down;
  const mean = lightness(red, green, blue) / pixels;
  const deviation = Math.sqrt(Math.max(0, squares / pixels - mean * mean));
  const colour = red + green + blue;
  return {
    brightness: rounded(mean / 255),
    contrast: ratio(deviation, mean, 0),
    sharpness: ratio(differences / pixels, deviation, 0),
    red: ratio(red, colour, 1 / 3),
    blue: ratio(blue, colour, 1 / 3),
  };
}

function lightness(red: number, green: number, blue: number): number {
  return 0.299 * red + 0.587 * green + 0.114 * blue;
}

function ratio(part: number, whole: number, otherwise: number): number {
  // Rounding leaves the deviation of an image of one colour just above nothing.
  return rounded(whole > 1e-4 ? part / whole : otherwise);
}

function rounded(value: number): number {
  return Number(value.toPrecision(4));
}
