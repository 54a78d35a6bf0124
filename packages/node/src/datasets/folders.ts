import { join } from 'node:path';
import { fail, isBigridError } from '@bigrid/errors';
import {
  checkArgument,
  type ImageEntry,
  isAnomalous,
  type LabelledEntry,
  type TrainingClass,
} from '@bigrid/inspect';
import { failToRead } from '../files/files.ts';
import { path as pathSchema } from '../files/option-schemas.ts';
import { stat } from '../files/system.ts';
import { imageEntry } from '../images/images.ts';
import { listFolder, naturalOrder } from '../images/listing.ts';
import { imagesInFile, pageOf } from '../images/tiff-pages.ts';
import { checkDataset, type DatasetOptions } from './dataset.ts';
import { contents, hasSplit, isMaskFolder, withoutMasks } from './names.ts';
import { failWithoutGood, failWithoutTest, readDataset } from './open-dataset.ts';

export interface TrainingFolder {
  /** One class per product, in natural order. */
  readonly classes: readonly TrainingClass[];
}

/** Images that training never saw. */
export interface CalibrationFolder {
  /** At least one. */
  readonly good: readonly ImageEntry[];
  /** Labelled defects, of any kind. */
  readonly defects: readonly LabelledEntry[];
}

/**
 * The paths of the images at a path. A file is listed whatever its name, a multi-page TIFF as one image per page: `x.tif`,
 * `x.tif#2`. A folder is searched recursively for file names with an image extension; hidden files and mask folders are
 * left out, unless a folder named like masks is a product. In natural order (`2.png` before `10.png`), the same on every
 * system.
 *
 * @throws PATH_MISSING, PATH_UNREADABLE, DATA_EMPTY if a folder has no images
 */
export async function listImages(pathOrFolder: string): Promise<string[]> {
  checkArgument(pathSchema, pathOrFolder, 'a path');
  // A path with a page number is that page only.
  const { file, page } = pageOf(pathOrFolder);
  if (!(await isFolder(file))) return page > 0 ? [pathOrFolder] : imagesInFile(file);
  const found: string[] = [];
  await collect(pathOrFolder, [], found);
  if (found.length === 0) {
    fail(
      'DATA_EMPTY',
      `Expected images in ${pathOrFolder} but received ${await contents(pathOrFolder)}`,
    );
  }
  return found;
}

/**
 * Finds the good images to train on, in any layout that `openDataset` recognises. In folders, they are the first of
 * `DIR/train/good`, `DIR/good`, the class folders in DIR (each with `train/good` or `good`), and DIR itself. A class has
 * the name of its folder. Masks are never included. Without test images, {@link openTestFolder} finds the same images.
 *
 * @param path a folder, or a file that lists images.
 * @throws PATH_MISSING, PATH_UNREADABLE, DATASET_INVALID; DATA_EMPTY if there are no files; DATA_NO_GOOD, with what was
 *   expected and what was found
 */
export async function openTrainingFolder(
  path: string,
  options: DatasetOptions = {},
): Promise<TrainingFolder> {
  checkDataset(path, options, 'openTrainingFolder');
  const { classes } = await readDataset(path, options);
  const learnt = classes.filter(({ training }) => training.length > 0);
  if (learnt.length === 0) return failWithoutGood(path);
  return { classes: learnt.map(({ name, training }) => ({ name, entries: training })) };
}

/**
 * Finds the test images with their labels and masks, in any layout that `openDataset` recognises. In folders, they are `DIR/test/good/*`, `DIR/test/<defect>/*` and their masks in `DIR/ground_truth/<defect>`;
 * without `DIR/test`, `DIR/good` and every other folder of images as a defect, such as `DIR/bad`; without
 * those, the same in every class folder of DIR. The path of the `test` folder itself works too. Good images come first,
 * then defects in natural order. A folder of only good images is accepted here; `evaluate` decides whether that is
 * enough.
 *
 * @param path a folder, or a file that lists images.
 * @throws PATH_MISSING, PATH_UNREADABLE, DATASET_INVALID, DATA_EMPTY, DATA_NO_TEST
 */
export async function openTestFolder(
  path: string,
  options: DatasetOptions = {},
): Promise<LabelledEntry[]> {
  checkDataset(path, options, 'openTestFolder');
  const { classes } = await readDataset(path, options);
  const entries = classes.flatMap(({ test }) => test);
  return entries.length > 0 ? entries : failWithoutTest(path);
}

/**
 * Finds the images to calibrate on: those of {@link openTestFolder}, or, without labels, the images directly in DIR, all
 * of them good. `DIR/train/good` is left out: scores of training images are too low for a threshold.
 *
 * @throws PATH_MISSING, PATH_UNREADABLE, DATA_EMPTY; DATA_NO_GOOD, with what was expected and what was found
 */
export async function openCalibrationFolder(dir: string): Promise<CalibrationFolder> {
  const entries = await openTestFolder(dir).catch((error: unknown) => {
    if (!isBigridError(error, 'DATA_NO_TEST')) throw error;
    return undefined;
  });
  const good = entries?.filter((entry) => !isAnomalous(entry)) ?? (await imagesStraightIn(dir));
  if (good.length === 0) {
    const places = `${join(dir, 'test', 'good')}, ${join(dir, 'good')}, or directly in ${dir}`;
    fail(
      'DATA_NO_GOOD',
      `Expected good images that training never saw in ${places} but received ${await contents(dir)}`,
    );
  }
  return { good, defects: entries?.filter(isAnomalous) ?? [] };
}

async function imagesStraightIn(dir: string): Promise<ImageEntry[]> {
  const { images } = await listFolder(dir);
  return withoutMasks(images).map((name) => imageEntry(join(dir, name)));
}

async function collect(folder: string, above: readonly string[], found: string[]): Promise<void> {
  const listing = await listFolder(folder);
  // A link to a parent folder would be followed forever.
  if (above.includes(listing.realPath)) return;
  const below = [...listing.folders, ...listing.images].sort(naturalOrder);
  const folders = new Set(listing.folders);
  for (const name of below) {
    const path = join(folder, name);
    if (!folders.has(name)) found.push(path);
    else if (!isMaskFolder(name) || hasSplit(await listFolder(path))) {
      await collect(path, [...above, listing.realPath], found);
    }
  }
}

/** @throws PATH_MISSING, PATH_UNREADABLE */
export async function isFolder(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isDirectory();
  } catch (error) {
    return failToRead(path, 'an image or a folder', error);
  }
}
