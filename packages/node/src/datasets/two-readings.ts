import { basename, join } from 'node:path';
import { fail } from '@bigrid/errors';
import { type Listing, listFolder } from '../images/listing.ts';
import {
  hasSplit,
  isBadFolder,
  isGoodFolder,
  isMaskFolder,
  isSplitFolder,
  isValidationFolder,
} from './names.ts';

/** One interpretation of a folder, and how to make it the only one. */
interface Reading {
  /** Follows "as". */
  readonly as: string;
  readonly toChoose: string;
}

/** An image, and the folders between the one searched and the image. */
export interface FoundImage {
  readonly path: string;
  readonly below: readonly string[];
}

/** @throws LAYOUT_AMBIGUOUS, always */
function failOnTwoReadings(folder: string, one: Reading, other: Reading): never {
  const [first, second] = [one, other].map(
    ({ as, toChoose }) => `as ${as} (for that, ${toChoose})`,
  );
  fail(
    'LAYOUT_AMBIGUOUS',
    `Expected one way to read ${folder} but received two: ${first}, or ${second}`,
  );
}

/**
 * Makes sure that a folder of good images is not a product called good: everything below a folder of good images is
 * trained on as good, including a folder `bad`.
 *
 * @throws LAYOUT_AMBIGUOUS
 */
export function assertGoodAlone(folder: string, found: readonly FoundImage[]): void {
  const names = new Set(found.flatMap(({ below }) => below));
  const others = [...names].filter(
    (name) => isBadFolder(name) || isValidationFolder(name) || isSplitFolder(name),
  );
  const isNested = ({ below }: FoundImage) => below.some(isGoodFolder);
  // Only `good/good`, as after unpacking an archive twice: both interpretations are the same.
  if (found.some(isNested) && !found.every(isNested)) {
    others.push(...[...names].filter(isGoodFolder));
  }
  if (others.length === 0) return;
  const listed = [...new Set(others)].join(', ');
  failOnTwoReadings(
    folder,
    {
      as: 'good images, with everything below it',
      toChoose: `rename or move what is called ${listed} in it`,
    },
    productReading(folder),
  );
}

/**
 * Makes sure that a folder next to those of a product is not another product: its good images would count as defects, or
 * be left out.
 *
 * @param root the folder of the product
 * @param as how the folder is interpreted
 * @throws LAYOUT_AMBIGUOUS
 */
export function assertNoProduct(
  folder: string,
  found: readonly FoundImage[],
  root: string,
  as: string,
): void {
  const good = found.flatMap(({ below }) => below).find(isGoodFolder);
  if (good === undefined) return;
  failOnTwoReadings(
    folder,
    { as, toChoose: `rename or move what is called ${good} in it` },
    {
      as: `a product of its own, ${basename(folder)}, with good images`,
      toChoose: `rename the folders in ${root} that make ${root} one product (good, ok, normal, train, test), or give ${folder} alone`,
    },
  );
}

/** @throws LAYOUT_AMBIGUOUS if two folders of a product have the same role, such as `test` and `Test` */
export function assertOneEach(dir: string, { folders }: Listing): void {
  for (const name of folders.filter((folder) => isSplitFolder(folder) || isGoodFolder(folder))) {
    const other = folders.find((one) => one !== name && one.toLowerCase() === name.toLowerCase());
    if (other === undefined) continue;
    failOnTwoReadings(
      dir,
      { as: `a product whose folder is ${name}`, toChoose: `rename or move ${other}` },
      { as: `one whose folder is ${other}`, toChoose: `rename or move ${name}` },
    );
  }
}

/** @throws LAYOUT_AMBIGUOUS if another folder next to that of good images also has a name for good images */
export function assertOneGood(folder: string, good: string, others: readonly string[]): void {
  const also = others.find(isGoodFolder);
  if (also === undefined) return;
  failOnTwoReadings(
    join(folder, also),
    { as: `good images, like ${good}`, toChoose: `move them into ${good}` },
    { as: `a defect called ${also}`, toChoose: 'rename it' },
  );
}

/**
 * Whether a folder with a name for masks is a product: it is if it has its own split.
 *
 * @throws LAYOUT_AMBIGUOUS if it has good and other images but no split: masks may be sorted like that as well
 */
export function isProductCalledMasks(folder: string, listing: Listing): boolean {
  if (hasSplit(listing)) return true;
  if (listing.folders.some(isGoodFolder) && listing.folders.length > 1) {
    failOnTwoReadings(
      folder,
      { as: 'masks', toChoose: 'give the folder of the product that they belong to' },
      productReading(folder),
    );
  }
  return false;
}

/**
 * Makes sure that no folder next to products is itself a product with the name of a role.
 *
 * @param names of folders in `root` that are not read as products
 * @throws LAYOUT_AMBIGUOUS
 */
export async function assertNoProductAmong(root: string, names: readonly string[]): Promise<void> {
  for (const name of names) {
    const folder = join(root, name);
    const sign = (await listFolder(folder)).folders.find(
      (inside) => isGoodFolder(inside) || isSplitFolder(inside),
    );
    if (sign === undefined) continue;
    const use = isMaskFolder(name) ? 'masks' : `a folder for ${name}`;
    failOnTwoReadings(
      folder,
      {
        as: `${use}, which are not used next to folders of products`,
        toChoose: `move it out of ${root}`,
      },
      productReading(folder),
    );
  }
}

function productReading(folder: string): Reading {
  return {
    as: `a product called ${basename(folder)}`,
    toChoose: 'rename it: that name is reserved for a role',
  };
}
