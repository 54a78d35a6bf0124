import { stat } from 'node:fs/promises';
import { basename, dirname, extname, join, resolve } from 'node:path';
import { fail, isBigridError } from '@bigrid/errors';
import { isAnomalous, type LabelledEntry, type PictureEntry } from '@bigrid/inspect';
import { failToRead } from './files.ts';
import { type Listing, listFolder, naturalOrder } from './listing.ts';
import { pictureEntry, readMask } from './pictures.ts';

/** The good pictures of one product. */
export interface TrainingClass {
  readonly name: string;
  readonly entries: readonly PictureEntry[];
}

export interface TrainingFolder {
  /** One for a folder of one product; several, in natural order, for a folder of such folders. */
  readonly classes: readonly TrainingClass[];
}

/** Pictures that training never saw. */
export interface CalibrationFolder {
  /** At least one. */
  readonly good: readonly PictureEntry[];
  /** Labelled defects, of any kind. */
  readonly defects: readonly LabelledEntry[];
}

/**
 * The paths of the pictures at a path: a file is taken as it is, whatever its name; a folder is searched
 * through all its subfolders for names that end like a picture. Hidden files and folders of masks are left
 * out. In natural order (`2.png` before `10.png`), the same on every system.
 *
 * @throws PATH_MISSING, PATH_UNREADABLE, DATA_EMPTY when a folder holds no picture.
 */
export async function listPictures(pathOrFolder: string): Promise<string[]> {
  if (!(await isFolder(pathOrFolder))) return [pathOrFolder];
  const found: string[] = [];
  await collect(pathOrFolder, [], found);
  if (found.length === 0) {
    fail(
      'DATA_EMPTY',
      `Expected pictures in ${pathOrFolder} but received ${await contents(pathOrFolder)}`,
    );
  }
  return found;
}

/**
 * Finds the good pictures to learn from in the first of `DIR/train/good`, `DIR/good`, the class folders in
 * DIR (each with `train/good` or `good`), and DIR itself. A class bears the name of its folder. Folders of
 * masks are never taken. Note that `DIR/good` without `DIR/test` is what {@link openTestFolder} finds as well.
 *
 * @throws PATH_MISSING, PATH_UNREADABLE; DATA_EMPTY when there is nothing at all; DATA_NO_GOOD, naming
 *   what was looked for and what was found.
 */
export async function openTrainingFolder(dir: string): Promise<TrainingFolder> {
  await assertFolder(dir);
  const listing = await listFolder(dir);
  const good = await goodPictures(dir, listing);
  if (good !== undefined) return { classes: [trainingClass(dir, good)] };

  const classes: TrainingClass[] = [];
  for (const name of classFolders(listing)) {
    const folder = join(dir, name);
    const entries = await goodPictures(folder, await listFolder(folder));
    if (entries !== undefined) classes.push(trainingClass(folder, entries));
  }
  if (classes.length > 0) return { classes };

  const straight = isInsideMasks(dir) ? [] : withoutMasks(listing.pictures);
  if (straight.length > 0) {
    return {
      classes: [
        trainingClass(
          dir,
          straight.map((name) => join(dir, name)),
        ),
      ],
    };
  }
  if (listing.folders.length === 0 && listing.pictures.length === 0) {
    fail('DATA_EMPTY', `Expected pictures in ${dir} but received ${await contents(dir)}`);
  }
  const places = `${join(dir, 'train', 'good')}, ${join(dir, 'good')}, or straight in ${dir}`;
  fail('DATA_NO_GOOD', `Expected good pictures in ${places} but received ${await contents(dir)}`);
}

/**
 * Finds the pictures to evaluate on, with what is known of them: `DIR/test/good/*`, `DIR/test/<defect>/*` and
 * their masks `DIR/ground_truth/<defect>/<stem>_mask.png` (or `<stem>.png`); without `DIR/test`, `DIR/good`
 * and every other folder of pictures as a defect, such as `DIR/bad`; without those, the same in every class
 * folder of DIR. The `test` folder itself may be given too. Good ones come first, then defects in natural
 * order. A folder of good pictures alone is enough: whether that suffices is for the evaluation to say.
 *
 * @throws PATH_MISSING, PATH_UNREADABLE, DATA_EMPTY, DATA_NO_TEST
 */
export async function openTestFolder(dir: string): Promise<LabelledEntry[]> {
  await assertFolder(dir);
  const absolute = resolve(dir);
  if (basename(absolute).toLowerCase() === 'test') {
    const entries = await labelledPictures(dir, dirname(absolute));
    if (entries.length > 0) return entries;
  }
  const own = await testPictures(dir);
  if (own.length > 0) return own;

  const listing = await listFolder(dir);
  const entries: LabelledEntry[] = [];
  for (const name of classFolders(listing)) entries.push(...(await testPictures(join(dir, name))));
  if (entries.length > 0) return entries;

  if (listing.folders.length === 0 && listing.pictures.length === 0) {
    fail('DATA_EMPTY', `Expected pictures in ${dir} but received ${await contents(dir)}`);
  }
  const places = `${join(dir, 'test', 'good')} and ${join(dir, 'test', 'NAME-OF-DEFECT')}`;
  fail(
    'DATA_NO_TEST',
    `Expected test pictures in ${places} (or ${join(dir, 'good')} and ${join(dir, 'bad')}) but received ${await contents(dir)}`,
  );
}

/**
 * Finds the pictures to calibrate on: what {@link openTestFolder} finds, or, without labels, the pictures straight in
 * DIR, all of them good. `DIR/train/good` is left out: on what training saw, scores are too low for a threshold.
 *
 * @throws PATH_MISSING, PATH_UNREADABLE, DATA_EMPTY; DATA_NO_GOOD, naming what was looked for and what was found
 */
export async function openCalibrationFolder(dir: string): Promise<CalibrationFolder> {
  const entries = await openTestFolder(dir).catch((error: unknown) => {
    if (!isBigridError(error, 'DATA_NO_TEST')) throw error;
    return undefined;
  });
  const straight = withoutMasks((await listFolder(dir)).pictures);
  const good =
    entries?.filter((entry) => !isAnomalous(entry)) ??
    straight.map((name) => pictureEntry(join(dir, name)));
  if (good.length === 0) {
    const places = `${join(dir, 'test', 'good')}, ${join(dir, 'good')}, or straight in ${dir}`;
    fail(
      'DATA_NO_GOOD',
      `Expected good pictures that training never saw in ${places} but received ${await contents(dir)}`,
    );
  }
  return { good, defects: entries?.filter(isAnomalous) ?? [] };
}

/** Paths of the pictures in `train/good` or `good`; undefined where neither holds any. */
async function goodPictures(dir: string, listing: Listing): Promise<string[] | undefined> {
  const train = folderNamed(listing, 'train');
  if (train !== undefined) {
    const inTrain = join(dir, train);
    const good = await goodStraight(inTrain, await listFolder(inTrain));
    if (good !== undefined) return good;
  }
  return goodStraight(dir, listing);
}

async function goodStraight(dir: string, listing: Listing): Promise<string[] | undefined> {
  const good = folderNamed(listing, 'good');
  if (good === undefined || isInsideMasks(dir)) return undefined;
  const names = withoutMasks((await listFolder(join(dir, good))).pictures);
  return names.length === 0 ? undefined : names.map((name) => join(dir, good, name));
}

async function testPictures(dir: string): Promise<LabelledEntry[]> {
  const listing = await listFolder(dir);
  const test = folderNamed(listing, 'test');
  if (test !== undefined) return labelledPictures(join(dir, test), dir);
  // Without a folder named `test`, only one of good pictures tells the product's own folder from a folder
  // of several products.
  return folderNamed(listing, 'good') === undefined ? [] : labelledPictures(dir, dir);
}

/**
 * @param folder holds a folder a defect, and `good`.
 * @param root the product's folder, where the masks are looked for.
 */
async function labelledPictures(folder: string, root: string): Promise<LabelledEntry[]> {
  const className = classNameOf(root);
  const masks = maskFolderOf(await listFolder(root));
  const listing = await listFolder(folder);
  const good = folderNamed(listing, 'good');
  const defects = listing.folders.filter(
    (name) => name !== good && !isMaskFolder(name) && !/^(train|test)$/i.test(name),
  );
  const entries: LabelledEntry[] = [];
  for (const name of good === undefined ? defects : [good, ...defects]) {
    const defect = name === good ? 'good' : name;
    const maskOf =
      masks === undefined || name === good
        ? () => undefined
        : await maskFinder(join(root, masks), defect);
    for (const file of withoutMasks((await listFolder(join(folder, name))).pictures)) {
      const mask = maskOf(file);
      entries.push({
        ...pictureEntry(join(folder, name, file)),
        className,
        defect,
        readMask: mask === undefined ? undefined : () => readMask(mask),
      });
    }
  }
  return entries;
}

async function maskFinder(
  masks: string,
  defect: string,
): Promise<(file: string) => string | undefined> {
  const folder = folderNamed(await listFolder(masks), defect);
  if (folder === undefined) return () => undefined;
  const byStem = new Map<string, string>();
  for (const file of (await listFolder(join(masks, folder))).pictures) {
    byStem.set(stemOf(file), join(masks, folder, file));
  }
  return (file) => byStem.get(`${stemOf(file)}_mask`) ?? byStem.get(stemOf(file));
}

async function collect(folder: string, above: readonly string[], found: string[]): Promise<void> {
  const listing = await listFolder(folder);
  // A link that leads back to a folder above would be followed for ever.
  if (above.includes(listing.realPath)) return;
  const below = [...listing.folders, ...listing.pictures].sort(naturalOrder);
  const folders = new Set(listing.folders);
  for (const name of below) {
    if (!folders.has(name)) found.push(join(folder, name));
    else if (!isMaskFolder(name)) {
      await collect(join(folder, name), [...above, listing.realPath], found);
    }
  }
}

async function isFolder(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isDirectory();
  } catch (error) {
    return failToRead(path, 'a picture or a folder', error);
  }
}

async function assertFolder(path: string): Promise<void> {
  if (!(await isFolder(path))) {
    fail('PATH_MISSING', `Expected a folder at ${path} but received a file`);
  }
}

/** For the end of a message: what a folder holds instead of what was looked for. */
async function contents(folder: string): Promise<string> {
  const { folders, pictures, others } = await listFolder(folder);
  const parts: string[] = [];
  if (folders.length > 0) {
    const named = folders.slice(0, 8).join(', ');
    parts.push(`the folders ${named}${folders.length > 8 ? ' and more' : ''}`);
  }
  if (pictures.length > 0)
    parts.push(pictures.length === 1 ? '1 picture' : `${pictures.length} pictures`);
  if (others > 0)
    parts.push(others === 1 ? '1 file that is no picture' : `${others} files that are no pictures`);
  return parts.length === 0 ? 'an empty folder' : parts.join(' and ');
}

function trainingClass(folder: string, paths: readonly string[]): TrainingClass {
  return { name: classNameOf(folder), entries: paths.map(pictureEntry) };
}

/** The last part of a path that is a name and no role: `bottle` for `data/bottle/train/good`. */
function classNameOf(folder: string): string {
  const absolute = resolve(folder);
  let at = absolute;
  while (/^(good|train|test)$/i.test(basename(at))) at = dirname(at);
  return basename(at) || basename(absolute);
}

function classFolders(listing: Listing): string[] {
  return listing.folders.filter(
    (name) => !isMaskFolder(name) && !/^(good|train|test)$/i.test(name),
  );
}

/** Some tools write `Good` and `Test`; the case must not decide differently on different systems. */
function folderNamed(listing: Listing, name: string): string | undefined {
  if (listing.folders.includes(name)) return name;
  return listing.folders.find((folder) => folder.toLowerCase() === name.toLowerCase());
}

function maskFolderOf(listing: Listing): string | undefined {
  return folderNamed(listing, 'ground_truth') ?? listing.folders.find(isMaskFolder);
}

function isMaskFolder(name: string): boolean {
  return /^(ground[_-]?truth|masks?)$/i.test(name);
}

function isInsideMasks(folder: string): boolean {
  const absolute = resolve(folder);
  return isMaskFolder(basename(absolute)) || isMaskFolder(basename(dirname(absolute)));
}

/** Leaves out `x_mask.png` where the picture `x` that it belongs to lies beside it. */
function withoutMasks(names: readonly string[]): string[] {
  const stems = new Set(names.map(stemOf));
  return names.filter((name) => {
    const stem = stemOf(name);
    return !(stem.endsWith('_mask') && stems.has(stem.slice(0, -'_mask'.length)));
  });
}

function stemOf(file: string): string {
  return basename(file, extname(file));
}
