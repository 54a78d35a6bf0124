import type { Schedule } from '@bigrid/method';

/**
 * Epochs of a stage where none are asked for. Few images are learnt soon, and a grid that goes on follows defects
 * better, too; many need no more than a sample of them, so that time does not grow with their number.
 */
const DEFAULT_EPOCHS = 10;
const LEAST_STEPS = 240;
const MOST_STEPS_A_CLASS = 480;
/** A stage that only tells pasted cells takes this share of the steps of one that rebuilds. */
const SHORT_SHARE = 0.5;

/** Good images of one class that the steps have time for: a larger sample would be read for nothing. */
export function mostImagesPerClass({ epochs, batchSize }: Schedule): number {
  return epochs === undefined ? MOST_STEPS_A_CLASS * batchSize : Number.POSITIVE_INFINITY;
}

/**
 * Tiles of each image that are learnt from: so many that the most steps of a class see each of them twice.
 * @param images of all classes
 * @param tiles that an image has
 */
export function tilesPerImage(
  { batchSize }: Schedule,
  images: number,
  classes: number,
  tiles: number,
): number {
  const seenTwice = (MOST_STEPS_A_CLASS * classes * batchSize) / 2;
  return Math.min(tiles, Math.max(1, Math.floor(seenTwice / images)));
}

/**
 * Steps of one stage.
 * @param images that it learns from, of all classes; tiles of images count as such
 * @param isShort whether it is one that rebuilds nothing
 */
export function stepsOf(
  schedule: Schedule,
  images: number,
  classes: number,
  isShort: boolean,
): number {
  const { epochs, batchSize } = schedule;
  const wanted = Math.ceil(((epochs ?? DEFAULT_EPOCHS) * images) / batchSize);
  const steps =
    epochs !== undefined
      ? wanted
      : Math.min(MOST_STEPS_A_CLASS * classes, Math.max(LEAST_STEPS, wanted));
  return Math.max(1, Math.round(isShort ? steps * SHORT_SHARE : steps));
}
