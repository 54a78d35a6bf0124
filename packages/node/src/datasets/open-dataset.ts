import { basename, extname, join } from 'node:path';
import { fail } from '@bigrid/errors';
import { failToRead } from '../files/files.ts';
import { stat } from '../files/system.ts';
import { imageEntry } from '../images/images.ts';
import { type Listing, listFolder } from '../images/listing.ts';
import { type CocoFile, findCoco, openCoco, readCoco } from './coco.ts';
import { checkDataset, type Dataset, type DatasetOptions, type Ignored } from './dataset.ts';
import { readManifests } from './ground-truth-manifest.ts';
import {
  classNameOf,
  contents,
  folderNamed,
  goodFolderOf,
  isClassFolder,
  isInsideMasks,
  isMaskFolder,
  withoutMasks,
} from './names.ts';
import { ignoreFiles, ignoreImages, type Product, readProduct } from './product-folder.ts';
import { systemLeftovers } from './system-leftovers.ts';
import { assertNoProductAmong, isProductCalledMasks } from './two-readings.ts';
import { findVisa, readVisa } from './visa.ts';

/**
 * Recognises the layout of a folder, or of a file that lists images (`.manifest`, `.jsonl`, `.json` of COCO,
 * `.csv` of VisA), and returns what is in it. docs/reference/layouts.md shows each layout. Images are not decoded.
 *
 * @throws PATH_MISSING, PATH_UNREADABLE; DATA_EMPTY if there are no files; DATA_NO_GOOD if there are images, but in no known
 *   layout; DATASET_INVALID, with what is missing or malformed
 */
export async function openDataset(path: string, options: DatasetOptions = {}): Promise<Dataset> {
  checkDataset(path, options, 'openDataset');
  const dataset = await readDataset(path, options);
  if (dataset.classes.every(({ training, test }) => training.length + test.length === 0)) {
    return failWithoutGood(path);
  }
  return { ...dataset, ignored: [...dataset.ignored, ...(await systemLeftovers(path))] };
}

/** Like {@link openDataset}, but returns no classes if no layout was recognised. */
export async function readDataset(path: string, options: DatasetOptions): Promise<Dataset> {
  if (!(await isFolder(path))) return readList(path, options);
  const listing = await listFolder(path);

  const visa = await findVisa(path, listing);
  if (visa !== undefined) return readVisa(visa);

  const product = await readProduct(path);
  if (product !== undefined && saysWhatIsGood(product)) return fromProducts([product]);
  const annotated = await readAnnotations(path, listing, options);
  if (annotated !== undefined) return annotated;
  if (product !== undefined) return fromProducts([product]);

  const products: Product[] = [];
  const ignored: Ignored[] = [];
  const aside: string[] = [];
  for (const name of listing.folders) {
    const folder = join(path, name);
    const isAside = !isClassFolder(name) && !(await isProductInSpiteOfName(folder));
    const found = isAside ? undefined : await readProduct(folder);
    if (found !== undefined) products.push(found);
    else if (isAside) aside.push(name);
    else ignored.push({ path: folder, reason: 'a folder without good or test images' });
  }
  if (products.length === 0) return plainImages(path, listing);
  await assertNoProductAmong(path, aside);
  for (const name of aside) await ignoreImages(join(path, name), ignored);
  ignoreFiles(path, listing, ignored);
  return fromProducts(products, ignored);
}

/**
 * @throws DATA_EMPTY if a folder is empty; DATA_NO_GOOD, with what was expected and what was found
 */
export async function failWithoutGood(path: string): Promise<never> {
  if (!(await isFolder(path))) {
    fail('DATA_NO_GOOD', `Expected good images in ${path} but received none`);
  }
  const listing = await listFolder(path);
  const received = await contents(path);
  if (listing.folders.length === 0 && listing.images.length === 0) {
    fail('DATA_EMPTY', `Expected images in ${path} but received ${received}`);
  }
  if (isInsideMasks(path)) {
    fail(
      'DATA_NO_GOOD',
      `Expected good images in ${path} but received masks, judging by the name of the folder or its parent: rename it if they are not masks`,
    );
  }
  const [train, test] = [folderNamed(listing, 'train'), folderNamed(listing, 'test')];
  if (train !== undefined || test !== undefined) {
    // The name that the test images use: BTAD has ok.
    const inTest = test === undefined ? undefined : await listFolder(join(path, test));
    const good = join(path, train ?? 'train', (inTest && goodFolderOf(inTest)) ?? 'good');
    const instead = train === undefined ? received : await contents(join(path, train));
    fail('DATA_NO_GOOD', `Expected good images in ${good} but received ${instead}`);
  }
  const places = `${join(path, 'train', 'good')}, ${join(path, 'good')}, or directly in ${path}`;
  fail('DATA_NO_GOOD', `Expected good images in ${places} but received ${received}`);
}

/** @throws DATA_EMPTY, DATA_NO_TEST */
export async function failWithoutTest(path: string): Promise<never> {
  if (!(await isFolder(path))) {
    fail('DATA_NO_TEST', `Expected test images in ${path} but received none`);
  }
  const listing = await listFolder(path);
  const test = folderNamed(listing, 'test');
  const received = await contents(test === undefined ? path : join(path, test));
  if (listing.folders.length === 0 && listing.images.length === 0) {
    fail('DATA_EMPTY', `Expected images in ${path} but received ${received}`);
  }
  const places = `${join(path, 'test', 'good')} and ${join(path, 'test', 'NAME-OF-DEFECT')}`;
  fail(
    'DATA_NO_TEST',
    `Expected test images in ${places} (or ${join(path, 'good')} and ${join(path, 'bad')}) but received ${received}`,
  );
}

async function readList(path: string, options: DatasetOptions): Promise<Dataset> {
  switch (extname(path).toLowerCase()) {
    case '.manifest':
    case '.jsonl':
      return readManifests([path], options);
    case '.csv':
      return readVisa({ table: path });
    case '.json': {
      const coco = await openCoco(path);
      if (coco !== undefined) return readCoco([coco]);
      fail(
        'DATASET_INVALID',
        `Expected COCO annotations (a JSON object with images, annotations and categories) for ${path} but received something else`,
      );
    }
  }
  fail('PATH_MISSING', `Expected a folder at ${path} but received a file`, {
    remedy:
      'Name a folder of images, or a list of them (.manifest, .jsonl, .json, .csv); a model file comes before the folder of images.',
  });
}

/** Manifests, or else COCO annotations, in the folder, in its `annotations`, or in one folder per split. */
async function readAnnotations(
  dir: string,
  listing: Listing,
  options: DatasetOptions,
): Promise<Dataset | undefined> {
  const splits = listing.folders.filter((name) => /^(train|valid|val|test)/i.test(name));
  const places = [
    dir,
    ...listing.folders
      .filter((name) => /^(annotations?|manifests?)$/i.test(name))
      .map((name) => join(dir, name)),
    ...splits.map((name) => join(dir, name)),
  ];
  const files: string[] = [];
  for (const place of places) {
    for (const name of (await listFolder(place)).others) files.push(join(place, name));
  }
  const manifests = files.filter((file) => extname(file).toLowerCase() === '.manifest');
  if (manifests.length > 0) return readManifests(manifests, options);

  const coco: CocoFile[] = [];
  for (const file of files.filter((name) => extname(name).toLowerCase() === '.json')) {
    const opened = await findCoco(file);
    if (opened !== undefined) coco.push(opened);
  }
  return coco.length > 0 ? readCoco(coco) : undefined;
}

/** A product may be called `mask` if its folders leave no doubt that it is one. */
async function isProductInSpiteOfName(folder: string): Promise<boolean> {
  return isMaskFolder(basename(folder)) && isProductCalledMasks(folder, await listFolder(folder));
}

/** `train` and `test`, or only `good`, may also be the images that an annotation file describes. */
function saysWhatIsGood({ layout, product: { training, test } }: Product): boolean {
  const hasGood = training.length > 0 || test.some(({ defect }) => defect === 'good');
  return hasGood && layout !== 'good and bad folders';
}

function fromProducts(products: readonly Product[], besides: readonly Ignored[] = []): Dataset {
  const layouts = products.map(({ layout }) => layout);
  return {
    // One class without a split does not change the layout of a published data set.
    layout: layouts.find((layout) => layout !== 'good and bad folders') ?? 'good and bad folders',
    classes: products.map(({ product }) => product),
    ignored: [...products.flatMap(({ ignored }) => ignored), ...besides],
  };
}

function plainImages(dir: string, listing: Listing): Dataset {
  const names = isInsideMasks(dir) ? [] : withoutMasks(listing.images);
  const training = names.map((name) => imageEntry(join(dir, name)));
  const classes = training.length === 0 ? [] : [{ name: classNameOf(dir), training, test: [] }];
  const ignored: Ignored[] = listing.folders.map((name) => ({
    path: join(dir, name),
    reason: 'a folder next to the images',
  }));
  ignoreFiles(dir, { images: [], others: listing.others }, ignored);
  return { layout: 'good images alone', classes, ignored };
}

async function isFolder(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isDirectory();
  } catch (error) {
    return failToRead(path, 'a folder, or a file that lists images,', error);
  }
}
