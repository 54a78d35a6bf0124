import { basename, dirname, join, resolve } from 'node:path';
import { counted } from '@bigrid/errors';
import type { LabelledEntry } from '@bigrid/inspect';
import { imageEntry } from '../images/images.ts';
import { type Listing, listFolder } from '../images/listing.ts';
import {
  type DatasetClass,
  defectName,
  type Ignored,
  type LayoutName,
  onlyGood,
} from './dataset.ts';
import { MaskFinder } from './mask-finder.ts';
import {
  classNameOf,
  folderNamed,
  goodFolderOf,
  isBadFolder,
  isInsideMasks,
  isMaskFolder,
  isPartOfSplit,
  isSplitFolder,
  isValidationFolder,
  maskFolderOf,
  otherFiles,
  withoutMasks,
} from './names.ts';
import {
  assertGoodAlone,
  assertNoProduct,
  assertOneEach,
  assertOneGood,
  type FoundImage,
  isProductCalledMasks,
} from './two-readings.ts';

export interface Product {
  readonly layout: LayoutName;
  readonly product: DatasetClass;
  readonly ignored: readonly Ignored[];
}

/**
 * Reads the folder of one product: `train/good` (or `good`) to learn from; `test/good`, `test/<defect>` and
 * masks in `ground_truth/<defect>` to test on; without `test`, `good` and every other folder as a defect.
 * MVTec AD, MPDD, GoodsAD and MVTec LOCO AD are published so; BTAD says `ok` and `ko`. A defect may have folders
 * of its own (`bad/scratch`). The `test` folder itself may be given too.
 *
 * @returns undefined where there is no such image.
 * @throws PATH_MISSING, PATH_UNREADABLE; LAYOUT_AMBIGUOUS
 */
export async function readProduct(dir: string): Promise<Product | undefined> {
  const listing = await listFolder(dir);
  if (isInsideMasks(dir) && !isProductCalledMasks(dir, listing)) return undefined;
  assertOneEach(dir, listing);
  const ignored: Ignored[] = [];
  const { training, layout } = await goodImages(dir, listing, ignored);
  const tested = await testImages(dir, listing, training.length > 0, ignored);
  if (training.length === 0 && tested.test.length === 0) return undefined;
  ignoreFiles(dir, listing, ignored);
  return {
    layout: tested.layout ?? layout,
    product: {
      name: classNameOf(dir),
      training: training.map(imageEntry),
      test: tested.test,
    },
    ignored,
  };
}

async function goodImages(
  dir: string,
  listing: Listing,
  ignored: Ignored[],
): Promise<{ training: string[]; layout: LayoutName }> {
  const train = folderNamed(listing, 'train');
  if (train !== undefined) {
    const inTrain = join(dir, train);
    const below = await listFolder(inTrain);
    const good = goodFolderOf(below);
    if (good !== undefined) {
      const training = await goodBelow(join(inTrain, good), ignored);
      for (const name of below.folders.filter((folder) => folder !== good)) {
        const other = join(inTrain, name);
        const found = await imagesBelow(other);
        assertNoProduct(other, found, dir, 'defects, which are not learnt from');
        const reason = `${counted(found.length, 'image')}: ${onlyGood}`;
        if (found.length > 0) ignored.push({ path: other, reason });
      }
      ignoreFiles(inTrain, below, ignored);
      if (training.length > 0) {
        return { training: training.map(({ path }) => path), layout: publishedLayout(good) };
      }
    }
  }
  const good = goodFolderOf(listing);
  const training = good === undefined ? [] : await goodBelow(join(dir, good));
  return { training: training.map(({ path }) => path), layout: 'good and bad folders' };
}

function publishedLayout(good: string | undefined): LayoutName {
  return good?.toLowerCase() === 'ok' ? 'BTAD' : 'MVTec AD';
}

async function testImages(
  dir: string,
  listing: Listing,
  isLearntFrom: boolean,
  ignored: Ignored[],
): Promise<{ test: LabelledEntry[]; layout?: LayoutName }> {
  const absolute = resolve(dir);
  const test = folderNamed(listing, 'test');
  const isTest = test === undefined && basename(absolute).toLowerCase() === 'test';
  if (test !== undefined || isTest) {
    const folder = test === undefined ? dir : join(dir, test);
    const inTest = await listFolder(folder);
    if (!isTest) await ignoreOthers(dir, listing, ignored);
    const isLoco = inTest.folders.some((name) => /^(logical|structural)_anomalies$/i.test(name));
    // A product that is called test has its masks inside.
    const isOutside = isTest && maskFolderOf(listing) === undefined;
    return {
      test: await labelledImages(folder, isOutside ? dirname(absolute) : dir, ignored),
      layout: isLoco ? 'MVTec LOCO AD' : publishedLayout(goodFolderOf(inTest)),
    };
  }
  // Without a folder named `test`, only one of good images tells the product's own folder from a folder
  // of several products.
  if (goodFolderOf(listing) === undefined) {
    if (isLearntFrom) await ignoreOthers(dir, listing, ignored);
    return { test: [] };
  }
  return { test: await labelledImages(dir, dir, ignored) };
}

/**
 * @param folder holds a folder a defect, and one of good images.
 * @param root the product's folder, where the masks are looked for.
 */
async function labelledImages(
  folder: string,
  root: string,
  ignored: Ignored[],
): Promise<LabelledEntry[]> {
  const className = classNameOf(root);
  const masks = await MaskFinder.in(root);
  const listing = await listFolder(folder);
  const good = goodFolderOf(listing);
  const isAside = (name: string) =>
    isMaskFolder(name) || isValidationFolder(name) || isSplitFolder(name);
  const defects = listing.folders.filter((name) => name !== good && !isAside(name));
  if (good !== undefined) assertOneGood(folder, good, defects);
  for (const name of listing.folders.filter(isAside)) {
    const isUsed = folder === root && (isMaskFolder(name) || /^train$/i.test(name));
    if (!isUsed) await ignoreImages(join(folder, name), ignored);
  }
  const entries: LabelledEntry[] = [];
  for (const name of good === undefined ? defects : [good, ...defects]) {
    const isGood = name === good;
    const own = join(folder, name);
    const found = isGood ? await goodBelow(own, ignored) : await imagesBelow(own, ignored);
    if (!isGood) assertNoProduct(own, found, root, `the defect ${name}`);
    for (const { path, below } of found) {
      const readMask = isGood ? undefined : await masks.find([name, ...below], path);
      const defect = isGood ? 'good' : nameOfDefect([name, ...below]);
      entries.push({ ...imageEntry(path), className, defect, readMask });
    }
  }
  if (folder !== root) ignoreFiles(folder, listing, ignored);
  await masks.reportUnused(ignored);
  return entries;
}

/** `scratch` for `bad/scratch`, `bad` for `bad`, `crack-fine` for `crack/fine`. */
function nameOfDefect(folders: readonly string[]): string {
  const named = folders.filter((name, index) => index > 0 || !isBadFolder(name));
  return defectName((named.length === 0 ? folders : named).join('-'));
}

/** @throws LAYOUT_AMBIGUOUS when there are folders among them that say otherwise */
async function goodBelow(folder: string, ignored?: Ignored[]): Promise<FoundImage[]> {
  const found = await imagesBelow(folder, ignored);
  assertGoodAlone(folder, found);
  return found;
}

/**
 * Images at any depth, without folders of masks and masks beside their images.
 *
 * @param ignored takes the folders of masks.
 */
async function imagesBelow(
  folder: string,
  ignored?: Ignored[],
  below: readonly string[] = [],
  above: readonly string[] = [],
): Promise<FoundImage[]> {
  const listing = await listFolder(folder);
  // A link that leads back to a folder above would be followed for ever.
  if (above.includes(listing.realPath)) return [];
  const found = withoutMasks(listing.images).map((file) => ({ path: join(folder, file), below }));
  for (const name of listing.folders) {
    const path = join(folder, name);
    const inside = [...above, listing.realPath];
    if (!isMaskFolder(name)) {
      found.push(...(await imagesBelow(path, ignored, [...below, name], inside)));
    } else if (ignored !== undefined && !inside.includes((await listFolder(path)).realPath)) {
      await ignoreImages(path, ignored);
    }
  }
  return found;
}

/** Tells of images in a folder whose name says that they are something else than what is looked for. */
export async function ignoreImages(folder: string, ignored: Ignored[]): Promise<void> {
  const { length } = await imagesBelow(folder);
  const name = basename(folder);
  const why = isValidationFolder(name)
    ? 'kept for validation, which is not used'
    : isMaskFolder(name)
      ? 'masks by the name of their folder, in a place where masks are not looked for'
      : `in a folder called ${name}, in a place where it is not looked for`;
  if (length > 0) ignored.push({ path: folder, reason: `${counted(length, 'image')}: ${why}` });
}

/** Tells of the folders that a product with a folder `test` has beside those of its layout. */
async function ignoreOthers(dir: string, listing: Listing, ignored: Ignored[]): Promise<void> {
  for (const name of listing.folders) {
    if (isMaskFolder(name) || isSplitFolder(name)) continue;
    const path = join(dir, name);
    const isGood = name === goodFolderOf(listing) && folderNamed(listing, 'train') === undefined;
    if (isGood) continue;
    if (isValidationFolder(name)) {
      await ignoreImages(path, ignored);
      continue;
    }
    const found = await imagesBelow(path);
    if (!isPartOfSplit(name))
      assertNoProduct(path, found, dir, 'a folder beside those of a product');
    const reason = `${counted(found.length, 'image')}: in a folder that this layout does not have`;
    if (found.length > 0) ignored.push({ path, reason });
  }
}

/** Tells of the files that lie where this layout has folders alone. */
export function ignoreFiles(
  folder: string,
  { images, others }: Pick<Listing, 'images' | 'others'>,
  ignored: Ignored[],
): void {
  if (images.length > 0) {
    const reason = `${counted(images.length, 'image')} outside of its folders`;
    ignored.push({ path: folder, reason });
  }
  if (others.length > 0) ignored.push({ path: folder, reason: otherFiles(others.length) });
}
