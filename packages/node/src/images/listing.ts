import { basename, extname, join } from 'node:path';
import { failToRead } from '../files/files.ts';
import { type FolderEntry, readFolder, realpath, stat } from '../files/system.ts';
import { systemOwner } from './system-names.ts';
import { imagesInFile } from './tiff-pages.ts';

/** The direct content of a folder: names in natural order, without hidden ones and {@link systemOwner those of systems}. */
export interface Listing {
  /** The folder's own path with all links followed. */
  readonly realPath: string;
  readonly folders: readonly string[];
  /** Files with an image extension; for a multi-page TIFF also `NAME#2`, `NAME#3`. */
  readonly images: readonly string[];
  /** All other files. */
  readonly others: readonly string[];
}

const extensions: ReadonlySet<string> = new Set([
  '.png',
  '.jpg',
  '.jpeg',
  '.jpe',
  '.jfif',
  '.webp',
  '.tif',
  '.tiff',
  '.avif',
  '.gif',
  '.bmp',
]);

/** Suffix of folders with images kept for updates, which are not part of any data set. */
export const REPLAY_ENDING = '.replay';

/** Whether a file name has an image extension. */
export function isImageName(name: string): boolean {
  return extensions.has(extname(name).toLowerCase());
}

function isTiffName(name: string): boolean {
  return /\.tiff?$/i.test(name);
}

/** @throws PATH_MISSING, PATH_UNREADABLE */
export async function listFolder(folder: string): Promise<Listing> {
  const folders: string[] = [];
  const images: string[] = [];
  const others: string[] = [];
  let found: FolderEntry[];
  let realPath: string;
  try {
    found = await readFolder(folder);
    realPath = await realpath(folder);
  } catch (error) {
    return failToRead(folder, 'a folder', error);
  }
  for (const entry of found) {
    if (systemOwner(entry.name) !== undefined) continue;
    if (await leadsToFolder(folder, entry)) {
      if (!entry.name.endsWith(REPLAY_ENDING)) folders.push(entry.name);
    } else if (!isImage(entry)) others.push(entry.name);
    else if (isTiffName(entry.name)) {
      for (const path of await imagesInFile(join(folder, entry.name))) {
        images.push(basename(path));
      }
    } else images.push(entry.name);
  }
  folders.sort(naturalOrder);
  images.sort(naturalOrder);
  others.sort(naturalOrder);
  return { realPath, folders, images, others };
}

/** By its name, unless it is a pipe, which may block forever. */
function isImage(entry: FolderEntry): boolean {
  const isFile = entry.isFile || entry.isLink;
  return isFile && isImageName(entry.name);
}

/** A broken link counts as a file: reading it reports what is wrong. */
async function leadsToFolder(folder: string, entry: FolderEntry): Promise<boolean> {
  if (!entry.isLink) return entry.isFolder;
  return stat(join(folder, entry.name)).then(
    (target) => target.isDirectory(),
    () => false,
  );
}

/**
 * Natural order: `2.png` before `10.png`. Compares code units, independent of locale and system, so that the same data give
 * the same model everywhere; names that differ only in the Unicode form of accents (macOS decomposes them) have the same
 * position on every system.
 */
export function naturalOrder(left: string, right: string): number {
  const a = partsOf(left);
  const b = partsOf(right);
  for (let i = 0; i < Math.min(a.length, b.length); i++) {
    const order = comparePart(a[i] ?? '', b[i] ?? '');
    if (order !== 0) return order;
  }
  return a.length - b.length || compareText(left, right);
}

function partsOf(name: string): string[] {
  return name.normalize('NFC').match(/[0-9]+|[^0-9]+/g) ?? [];
}

function comparePart(a: string, b: string): number {
  if (!isDigit(a) || !isDigit(b)) return compareText(a, b);
  // Compared as text of equal length: exact for serial numbers of any length.
  const x = a.replace(/^0+(?=.)/, '');
  const y = b.replace(/^0+(?=.)/, '');
  return x.length - y.length || compareText(x, y);
}

function isDigit(text: string): boolean {
  return text >= '0' && text < ':';
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
