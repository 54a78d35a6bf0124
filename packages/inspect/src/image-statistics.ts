import type { Image } from './ports.ts';

/** What is measured of an image to detect drift. */
export const statisticNames = ['brightness', 'contrast', 'sharpness', 'red', 'blue'] as const;

export type StatisticName = (typeof statisticNames)[number];

/**
 * - `brightness`: mean lightness, 0..1.
 * - `contrast`: standard deviation of lightness divided by its mean. A darker exposure of the same scene has the same
 *   contrast.
 * - `sharpness`: mean difference between adjacent pixels divided by the standard deviation; it decreases out of focus.
 * - `red`, `blue`: their share of red + green + blue, 0..1; 1/3 in a grey image.
 *
 * All with four significant digits, more than they are accurate to.
 */
export type ImageStatistics = Readonly<Record<StatisticName, number>>;

/** Pixels sampled in each direction: enough for a mean, in a hundredth of the time of an inspection. */
const SAMPLES = 128;

/** Measures 128 x 128 evenly spaced pixels, each with its right neighbour. */
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
  // Rounding leaves the deviation of an image of one colour just above 0.
  return rounded(whole > 1e-4 ? part / whole : otherwise);
}

function rounded(value: number): number {
  return Number(value.toPrecision(4));
}
