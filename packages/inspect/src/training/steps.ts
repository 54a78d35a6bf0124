import type { Schedule } from '@bigrid/method';

/**
 * Default number of epochs of a stage. A grid that has seen its images more often also learns to reconstruct defects; of many
 * images a sample is enough, so that time does not grow with their number.
 */
const EPOCHS = 10;
/** Of few images up to these, within {@link FEW_STEPS}: docs/lab-notes/2026-11-28-steps-for-few-images.md. */
const EPOCHS_OF_FEW = 20;
const FEW_STEPS = 240;
const LEAST_STEPS = 60;
const MOST_STEPS_A_CLASS = 480;
/** Steps of a stage that only detects pasted cells, as a share of those of one that reconstructs. */
const SHORT_SHARE = 0.5;

/** Maximum number of good images of one class that the steps can use: more would be read in vain. */
export function mostImagesPerClass({ epochs, batchSize }: Schedule): number {
  return epochs === undefined ? MOST_STEPS_A_CLASS * batchSize : Number.POSITIVE_INFINITY;
}

/**
 * Number of tiles learnt per image: as many as the maximum number of steps of a class sees twice.
 * @param images number of images of all classes
 * @param tiles number of tiles of an image
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
 * @param images number of images to learn from, of all classes; tiles count as images
 * @param isShort whether it reconstructs nothing
 */
export function stepsOf(
  schedule: Schedule,
  images: number,
  classes: number,
  isShort: boolean,
): number {
  const { epochs, batchSize } = schedule;
  const stepsIn = (epochs: number) => Math.ceil((epochs * images) / batchSize);
  const steps =
    epochs !== undefined
      ? stepsIn(epochs)
      : Math.min(
          MOST_STEPS_A_CLASS * classes,
          Math.max(LEAST_STEPS, Math.min(FEW_STEPS, stepsIn(EPOCHS_OF_FEW)), stepsIn(EPOCHS)),
        );
  return Math.max(1, Math.round(isShort ? steps * SHORT_SHARE : steps));
}
