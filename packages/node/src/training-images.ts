import { fail } from '@bigrid/errors';
import type { TrainingClass } from '@bigrid/inspect';
import type { DatasetOptions } from './datasets/dataset.ts';
import { openTrainingFolder } from './datasets/folders.ts';
import type { ImageInput } from './images/image-input.ts';
import { imagesGiven } from './images-given.ts';
import { identifyImages, type TrainingIdentity } from './training/checkpoint-folder.ts';

/**
 * Good images to train on: the path of a folder or of a file that lists images, in any layout that `openDataset`
 * recognises; a list of paths and images in memory; or such lists by class name.
 */
export type TrainingImages =
  | string
  | readonly ImageInput[]
  | Readonly<Record<string, readonly ImageInput[]>>;

/** Class name for images passed as a list. */
const ONLY_CLASS = 'images';

/**
 * @returns the images by class, and what identifies them in a checkpoint
 * @throws OPTION_INVALID where a training of a list is to be resumed: images in memory are not told from others
 */
export async function openTrainingImages(
  images: TrainingImages,
  { s3Root, resume = false }: DatasetOptions & { readonly resume?: boolean | undefined },
): Promise<{
  readonly classes: readonly TrainingClass[];
  readonly identity: TrainingIdentity['images'];
}> {
  if (typeof images === 'string') {
    const { classes } = await openTrainingFolder(images, { s3Root });
    return { classes, identity: await identifyImages(images, classes) };
  }
  if (resume) {
    fail('OPTION_INVALID', 'Expected a folder of images to resume on but received a list', {
      remedy: 'Save the images to a folder and train on that, or leave `resume` out.',
    });
  }
  const lists = Array.isArray(images) ? { [ONLY_CLASS]: images } : images;
  const classes: TrainingClass[] = [];
  for (const [name, inputs] of Object.entries(lists as Record<string, readonly ImageInput[]>)) {
    classes.push({ name, entries: await imagesGiven(inputs) });
  }
  return { classes, identity: {} };
}
