import { createHash } from 'node:crypto';
import {
  type Fingerprint,
  fingerprintOf,
  type Image,
  type ImageStatistics,
  imageStatistics,
} from '@bigrid/inspect';

/** Statistics kept of an image; its pixels are not. */
export interface Look {
  readonly path: string;
  readonly className: string;
  readonly split: 'train' | 'test';
  /** `good`, or the name of the defect. */
  readonly defect: string;
  readonly width: number;
  readonly height: number;
  /** Whether all its channels are the same. */
  readonly isGrey: boolean;
  /** Share of pixels without detail: all channels above 250, or all below 5. */
  readonly white: number;
  readonly black: number;
  readonly statistics: ImageStatistics;
  readonly fingerprint: Fingerprint;
  /** The highest value of any channel of any sampled pixel. */
  readonly brightest: number;
  /** Bits used, if the file has 16 bits per channel and the values use few of them. */
  readonly bits?: number | undefined;
  /** Hash of the pixels: equal only for exact copies. */
  readonly digest: string;
}

export type Label = Pick<Look, 'path' | 'className' | 'split' | 'defect'>;

/** Pixels sampled for colour and exposure. */
const SAMPLES = 20_000;

export function lookAt(image: Image, { path, className, split, defect }: Label): Look {
  const { width, height, data } = image;
  const pixels = width * height;
  // An odd step does not sample the same few columns of every row.
  const step = Math.max(1, Math.floor(pixels / SAMPLES)) | 1;
  let [seen, white, black, brightest, isGrey] = [0, 0, 0, 0, true];
  for (let pixel = 0; pixel < pixels; pixel += step) {
    const [red, green, blue] = data.subarray(3 * pixel, 3 * pixel + 3) as unknown as number[];
    const [low, high] = [
      Math.min(red ?? 0, green ?? 0, blue ?? 0),
      Math.max(red ?? 0, green ?? 0, blue ?? 0),
    ];
    if (low !== high) isGrey = false;
    if (low > 250) white++;
    if (high < 5) black++;
    if (high > brightest) brightest = high;
    seen++;
  }
  const digest = createHash('sha256').update(`${width}x${height}`).update(data).digest('base64');
  return {
    path,
    className,
    split,
    defect,
    width,
    height,
    isGrey,
    white: white / seen,
    black: black / seen,
    brightest,
    statistics: imageStatistics(image),
    fingerprint: fingerprintOf(image),
    digest,
  };
}
