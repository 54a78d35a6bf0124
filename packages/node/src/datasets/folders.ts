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
  /** One for a folder of one product; several, in natural order, for a folder of such folders. */
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
 * The paths of the images at a path: a file is taken as it is, whatever its name (of a TIFF each page: `x.tif`,
 * `x.tif#2`); a folder is searched
 * through all its subfolders for names that end like an image. Hidden files and folders of masks are left
 * out (but not a product that is called like one of masks). In natural order (`2.png` before `10.png`), the same on every system.
 *
 * @throws PATH_MISSING, PATH_UNREADABLE, DATA_EMPTY when a folder holds no image.
 */
export async function listImages(pathOrFolder: string): Promise<string[]> {
  checkArgument(pathSchema, pathOrFolder, 'a path');
  // A page that was asked for by its number is taken alone.
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
 * Finds the good images to learn from, in any layout that `openDataset` recognises. In folders, they are the
 * first of `DIR/train/good`, `DIR/good`, the class folders in DIR (each with `train/good` or `good`), and DIR
 * itself. A class bears the name of its folder. Masks are never taken. Note that without test images the good
 * ones are what {@link openTestFolder} finds as well.
 *
 * @param path a folder, or a file that lists images.
 * @throws PATH_MISSING, PATH_UNREADABLE, DATASET_INVALID; DATA_EMPTY when there is nothing at all; DATA_NO_GOOD,
 *   naming what was looked for and what was found.
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
 * Finds the images to evaluate on, with what is known of them, in any layout that `openDataset` recognises. In
 * folders, they are `DIR/test/good/*`, `DIR/test/<defect>/*` and their masks in `DIR/ground_truth/<defect>`;
 * without `DIR/test`, `DIR/good` and every other folder of images as a defect, such as `DIR/bad`; without
 * those, the same in every class folder of DIR. The `test` folder itself may be given too. Good ones come first,
 * then defects in natural order. A folder of good images alone is enough: whether that suffices is for the
 * evaluation to say.
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
 * Finds the images to calibrate on: what {@link openTestFolder} finds, or, without labels, the images straight in
 * DIR, all of them good. `DIR/train/good` is left out: on what training saw, scores are too low for a threshold.
 *
 * @throws PATH_MISSING, PATH_UNREADABLE, DATA_EMPTY; DATA_NO_GOOD, naming what was looked for and what was found
 */
export async function openCalibrationFolder(dir: string): Promise<CalibrationFolder> {
  const entries = await openTestFolder(dir).catch((error: unknown) => {
    if (!isBigridError(error, 'DATA_NO_TEST')) throw error;
    return undefined;
  });
  const good = entries?.filter((entry) => !isAnomalous(entry)) ?? (await imagesStraightIn(dir));
  if (good.length === 0) {
    const places = `${join(dir, 'test', 'good')}, ${join(dir, 'good')}, or straight in ${dir}`;
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
  // A link that leads back to a folder above would be followed for ever.
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
