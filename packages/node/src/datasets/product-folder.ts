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
 * Reads the folder of one product. Training images are in `train/good` (or `good`); test images in `test/good` and
 * `test/<defect>`, with masks in `ground_truth/<defect>`; without `test`, in `good` and every other folder, as a defect.
 * MVTec AD, MPDD, GoodsAD and MVTec LOCO AD are published like this; BTAD has `ok` and `ko`. A defect may have subfolders
 * (`bad/scratch`). The path of the `test` folder itself works too.
 *
 * @returns undefined if there are no such images
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
        assertNoProduct(other, found, dir, 'defects, which training does not use');
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
    // A product called test has its masks inside.
    const isOutside = isTest && maskFolderOf(listing) === undefined;
    return {
      test: await labelledImages(folder, isOutside ? dirname(absolute) : dir, ignored),
      layout: isLoco ? 'MVTec LOCO AD' : publishedLayout(goodFolderOf(inTest)),
    };
  }
  // Without a folder named `test`, only a folder of good images distinguishes a product from a folder of products.
  if (goodFolderOf(listing) === undefined) {
    if (isLearntFrom) await ignoreOthers(dir, listing, ignored);
    return { test: [] };
  }
  return { test: await labelledImages(dir, dir, ignored) };
}

/**
 * @param folder with one subfolder per defect, and one of good images
 * @param root the product's folder, which is searched for masks
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

/** @throws LAYOUT_AMBIGUOUS if the name of a subfolder contradicts that they are good */
async function goodBelow(folder: string, ignored?: Ignored[]): Promise<FoundImage[]> {
  const found = await imagesBelow(folder, ignored);
  assertGoodAlone(folder, found);
  return found;
}

/**
 * Images at any depth, without mask folders and without masks next to their images.
 *
 * @param ignored mask folders are added to it
 */
async function imagesBelow(
  folder: string,
  ignored?: Ignored[],
  below: readonly string[] = [],
  above: readonly string[] = [],
): Promise<FoundImage[]> {
  const listing = await listFolder(folder);
  // A link to a parent folder would be followed forever.
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

/** Reports images in a folder whose name says that they have another role. */
export async function ignoreImages(folder: string, ignored: Ignored[]): Promise<void> {
  const { length } = await imagesBelow(folder);
  const name = basename(folder);
  const why = isValidationFolder(name)
    ? 'for validation, which is not used'
    : isMaskFolder(name)
      ? 'masks, judging by the name of their folder, where no masks are expected'
      : `in a folder called ${name} where it is not expected`;
  if (length > 0) ignored.push({ path: folder, reason: `${counted(length, 'image')}: ${why}` });
}

/** Reports the folders of a product with a `test` folder that are not part of its layout. */
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
      assertNoProduct(path, found, dir, 'a folder next to those of a product');
    const reason = `${counted(found.length, 'image')}: in a folder that this layout does not have`;
    if (found.length > 0) ignored.push({ path, reason });
  }
}

/** Reports files where this layout has only folders. */
export function ignoreFiles(
  folder: string,
  { images, others }: Pick<Listing, 'images' | 'others'>,
  ignored: Ignored[],
): void {
  if (images.length > 0) {
    const reason = `${counted(images.length, 'image')} outside its folders`;
    ignored.push({ path: folder, reason });
  }
  if (others.length > 0) ignored.push({ path: folder, reason: otherFiles(others.length) });
}
