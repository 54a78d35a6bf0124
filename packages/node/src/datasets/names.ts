import { basename, dirname, extname, join, resolve } from 'node:path';
import { counted } from '@bigrid/errors';
import { type Listing, listFolder } from '../images/listing.ts';
import { pageOf } from '../images/tiff-pages.ts';

/** Usual names for the folder of good images: the first in MVTec AD, the second in BTAD. */
const goodNames = ['good', 'ok', 'normal'] as const;

export function isGoodFolder(name: string): boolean {
  return goodNames.some((good) => good === name.toLowerCase());
}

/** Whether a folder name says that images are defective, but not what the defect is. */
export function isBadFolder(name: string): boolean {
  return /^(bad|ng|nok|ko|defects?|defective|anomal(y|ies|ous)|abnormal)$/i.test(name);
}

/** The name of the folder of good images, as written. */
export function goodFolderOf(listing: Listing): string | undefined {
  for (const name of goodNames) {
    const found = folderNamed(listing, name);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** Ignores case: some tools write `Good` and `Test`, and the result must be the same on every system. */
export function folderNamed(listing: Listing, name: string): string | undefined {
  if (listing.folders.includes(name)) return name;
  return listing.folders.find((folder) => folder.toLowerCase() === name.toLowerCase());
}

export function maskFolderOf(listing: Listing): string | undefined {
  return folderNamed(listing, 'ground_truth') ?? listing.folders.find(isMaskFolder);
}

export function isMaskFolder(name: string): boolean {
  return /^(ground[_-]?truth|masks?)$/i.test(name);
}

export function isInsideMasks(folder: string): boolean {
  const absolute = resolve(folder);
  return isMaskFolder(basename(absolute)) || isMaskFolder(basename(dirname(absolute)));
}

export function isValidationFolder(name: string): boolean {
  return /^(validation|valid|val)$/i.test(name);
}

/** Whether a folder is `train` or `test`, which together make a split. */
export function isSplitFolder(name: string): boolean {
  return /^(train|test)$/i.test(name);
}

export function hasSplit(listing: Listing): boolean {
  return listing.folders.some(isSplitFolder);
}

/** `test_public`, `valid-2`: parts of a product, not products. */
export function isPartOfSplit(name: string): boolean {
  return /^(train|test|val(id(ation)?)?)([^a-z]|$)/i.test(name);
}

/** Whether a folder name states its role rather than its content. */
function isRole(name: string): boolean {
  return (
    isValidationFolder(name) ||
    /^(train|test|annotations?|manifests?|split_csv)$/i.test(name) ||
    isGoodFolder(name)
  );
}

/** Whether a folder may be a product, by its name. */
export function isClassFolder(name: string): boolean {
  return !isMaskFolder(name) && !isRole(name);
}

/** The last part of a path that is not a role: `bottle` for `data/bottle/train/good`. */
export function classNameOf(folder: string): string {
  const absolute = resolve(folder);
  let at = absolute;
  while (isRole(basename(at))) at = dirname(at);
  return basename(at) || basename(absolute);
}

/** Leaves out `x_mask.png` if its image `x` is in the same folder. */
export function withoutMasks(names: readonly string[]): string[] {
  const stems = new Set(names.map(stemOf));
  return names.filter((name) => {
    const stem = stemOf(pageOf(name).file);
    return !(stem.endsWith('_mask') && stems.has(stem.slice(0, -'_mask'.length)));
  });
}

/** The name without its extension: `scan` for `scan.tif`, `scan#2` for `scan.tif#2`. */
export function stemOf(path: string): string {
  const { file, page } = pageOf(path);
  const stem = basename(file, extname(file));
  return page === 0 ? stem : `${stem}#${page + 1}`;
}

const MOST_FOLDERS_NAMED = 8;

/** For the end of a message: what a folder contains instead of what was expected. */
export async function contents(folder: string): Promise<string> {
  const { folders, images, others } = await listFolder(folder);
  const parts: string[] = [];
  if (folders.length > 0) {
    const shown = folders.slice(0, MOST_FOLDERS_NAMED);
    const named = await Promise.all(shown.map((name) => nameWithContents(folder, name)));
    const more = folders.length > shown.length ? ' and more' : '';
    parts.push(`the folder${folders.length === 1 ? '' : 's'} ${named.join(', ')}${more}`);
  }
  if (images.length > 0) parts.push(counted(images.length, 'image'));
  if (others.length > 0) parts.push(otherFiles(others.length));
  return parts.length === 0 ? 'an empty folder' : parts.join(' and ');
}

/** The name of a folder, with a note if it has no images or subfolders, which is why nothing was found. */
async function nameWithContents(above: string, name: string): Promise<string> {
  const { folders, images, others } = await listFolder(join(above, name));
  if (folders.length + images.length > 0) return name;
  return `${name} (${others.length > 0 ? otherFiles(others.length) : 'empty'})`;
}

export function otherFiles(number: number): string {
  return counted(number, 'file that is not an image', 'files that are not images');
}
