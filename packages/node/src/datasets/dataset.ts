import { basename, dirname, resolve } from 'node:path';
import { counted } from '@bigrid/errors';
import { checkArgument, checkOptions, type ImageEntry, type LabelledEntry } from '@bigrid/inspect';
import { optional, path } from '../files/option-schemas.ts';
import { naturalOrder } from '../images/listing.ts';

/** The names of the layouts that are recognised; docs/reference/layouts.md shows each. */
export type LayoutName =
  | 'MVTec AD'
  | 'MVTec LOCO AD'
  | 'BTAD'
  | 'good and bad folders'
  | 'good images alone'
  | 'VisA'
  | 'Ground Truth manifest'
  | 'COCO annotations';

/** A folder or annotation file as Bigrid reads it. */
export interface Dataset {
  readonly layout: LayoutName;
  /** One class per product, in natural order. */
  readonly classes: readonly DatasetClass[];
  /** Files and folders that are not used. */
  readonly ignored: readonly Ignored[];
  /** Assumptions made in reading it that affect results, one sentence each. */
  readonly remarks?: readonly string[] | undefined;
}

/** The images of one product. */
export interface DatasetClass {
  readonly name: string;
  /** Good images to train on. */
  readonly training: readonly ImageEntry[];
  /** Good images first, then defects in natural order. Without a split, this includes the training images. */
  readonly test: readonly LabelledEntry[];
}

export interface Ignored {
  /** A file or a folder. */
  readonly path: string;
  /** What it is, and why it is not used. */
  readonly reason: string;
}

export interface DatasetOptions {
  /** Folder with a copy of the buckets in `s3://` addresses, as `BUCKET/KEY` or `KEY`. */
  readonly s3Root?: string | undefined;
}

export const datasetOptionsSchema = optional<DatasetOptions>({ s3Root: path });

/** Checks the arguments of a function that reads a data set. @throws OPTION_INVALID */
export function checkDataset(given: unknown, options: unknown, what: string): void {
  checkArgument(path, given, 'the data');
  checkOptions(datasetOptionsSchema, options, what);
}

/** An image from a list that states its role. */
export interface ListedImage {
  readonly role: 'training' | 'validation' | 'test';
  readonly entry: LabelledEntry;
  /** Where it is listed, such as `line 3 of train.manifest`. */
  readonly where: string;
  /** Identifies its mask: a path, or a hash of what it is drawn from; undefined if there is none. */
  readonly mask: string | undefined;
}

/**
 * A class from a list. Without test images, the validation images are used for testing; without those, all images are,
 * as for folders without a split.
 *
 * @param source names the list in what is ignored.
 */
export function classFromList(
  name: string,
  images: readonly ListedImage[],
  source: string,
  ignored: Ignored[],
): DatasetClass {
  const entriesOf = (role: ListedImage['role']) =>
    inOrder(images.filter((image) => image.role === role).map(({ entry }) => entry));
  const training = entriesOf('training');
  const validation = entriesOf('validation');
  const test = entriesOf('test');
  const ignore = (entries: readonly LabelledEntry[], noun: string, rest: string) => {
    if (entries.length === 0) return;
    ignored.push({ path: source, reason: `${counted(entries.length, noun)} of ${name} ${rest}` });
  };
  if (test.length > 0) ignore(validation, 'image', 'for validation: there are test images');
  const tested = [test, validation, training].find((entries) => entries.length > 0) ?? [];
  const defective = training.filter(({ defect }) => defect !== 'good');
  if (tested !== training) ignore(defective, 'defective image', `to train on: ${onlyGood}`);
  return { name, training: training.filter(({ defect }) => defect === 'good'), test: tested };
}

/**
 * The role of the images in a list, by the name of the list: test with the word test, validation with val, otherwise
 * training. If the file name has neither word, the folder decides if it is called `test`, `val`, `valid` or
 * `validation`.
 */
export function roleOf(file: string): ListedImage['role'] {
  const name = basename(file);
  if (isWordIn(name, 'test')) return 'test';
  if (isWordIn(name, 'val')) return 'validation';
  if (isWordIn(name, 'train')) return 'training';
  const folder = basename(dirname(resolve(file))).toLowerCase();
  if (folder === 'test') return 'test';
  return /^val(id|idation)?$/.test(folder) ? 'validation' : 'training';
}

/** `test` is in `test2017` and `my_testing`, but not in `latest`. */
function isWordIn(name: string, word: string): boolean {
  return new RegExp(`(^|[^a-z])${word}`, 'i').test(name);
}

/** The name for the lists of a data set in `ignored`: the file, or the folder that holds several. */
export function listName(files: readonly string[]): string {
  const [first = '.'] = files;
  if (files.length === 1) return first;
  const folders = new Set(files.map((file) => dirname(file)));
  return folders.size === 1 ? dirname(first) : dirname(dirname(first));
}

export const onlyGood = 'training uses only good images';

/** Sorted by defect, good first, then by path, in natural order. */
function inOrder(entries: readonly LabelledEntry[]): LabelledEntry[] {
  const isBad = ({ defect }: LabelledEntry) => Number(defect !== 'good');
  return [...entries].sort(
    (a, b) =>
      isBad(a) - isBad(b) || naturalOrder(a.defect, b.defect) || naturalOrder(a.path, b.path),
  );
}

/** A defect name that is safe in a file name. */
export function defectName(text: string): string {
  return text.trim().replaceAll(/[\\/:\0]+/g, '-') || 'defect';
}

/** Whether a label says that an image is good. */
export function isGoodLabel(text: string): boolean {
  return /^(good|ok|normal|no[ _-]?(defect|anomaly)s?)$/i.test(text.trim());
}
