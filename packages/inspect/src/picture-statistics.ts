import type { Picture } from './ports.ts';

/** What is measured of a picture to see whether pictures still look as they did. */
export const statisticNames = [
  'brightness',
  'contrast',
  'sharpness',
  'red',
  'blue',
  'overexposed',
  'underexposed',
] as const;

export type StatisticName = (typeof statisticNames)[number];

/**
 * - `brightness`: mean of what is seen as light, 0..1.
 * - `contrast`: its deviation over its mean. A darker exposure of the same thing has the same contrast.
 * - `sharpness`: mean difference between pixels beside each other, over the deviation: it falls with the focus.
 * - `red`, `blue`: their share of red + green + blue, 0..1; 1/3 in a grey picture.
 * - `overexposed`, `underexposed`: share of pixels with nothing to tell apart, all channels above 250 or below 5.
 */
export type PictureStatistics = Readonly<Record<StatisticName, number>>;

/** Pixels looked at, in each direction: all that would be are far more than such means need. */
const SAMPLES = 256;
const WHITE = 250;
const BLACK = 5;

/** Measures 256 x 256 pixels spread over a picture, each with its neighbour to the right: well under a millisecond. */
export function pictureStatistics({ width, height, data }: Picture): PictureStatistics {
  const [across, down] = [Math.min(SAMPLES, width), Math.min(SAMPLES, height)];
  let [red, green, blue, light, squares, differences, white, black] = [0, 0, 0, 0, 0, 0, 0, 0];
  for (let j = 0; j < down; j++) {
    const row = Math.floor(((j + 0.5) * height) / down) * width;
    for (let i = 0; i < across; i++) {
      const x = Math.floor(((i + 0.5) * width) / across);
      const at = 3 * (row + x);
      const next = x + 1 < width ? at + 3 : at;
      const [r, g, b] = [data[at] as number, data[at + 1] as number, data[at + 2] as number];
      const here = 0.299 * r + 0.587 * g + 0.114 * b;
      const beside =
        0.299 * (data[next] as number) +
        0.587 * (data[next + 1] as number) +
        0.114 * (data[next + 2] as number);
      red += r;
      green += g;
      blue += b;
      light += here;
      squares += here * here;
      differences += Math.abs(here - beside);
      if (r > WHITE && g > WHITE && b > WHITE) white++;
      if (r < BLACK && g < BLACK && b < BLACK) black++;
    }
  }
  const pixels = across * down;
  const mean = light / pixels;
  const deviation = Math.sqrt(Math.max(0, squares / pixels - mean * mean));
  const colour = red + green + blue;
  return {
    brightness: mean / 255,
    contrast: ratio(deviation, mean, 0),
    sharpness: ratio(differences / pixels, deviation, 0),
    red: ratio(red, colour, 1 / 3),
    blue: ratio(blue, colour, 1 / 3),
    overexposed: white / pixels,
    underexposed: black / pixels,
  };
}

function ratio(part: number, whole: number, otherwise: number): number {
  // Rounding leaves a deviation of a picture of one colour just above nothing.
  return whole > 1e-6 ? part / whole : otherwise;
}
