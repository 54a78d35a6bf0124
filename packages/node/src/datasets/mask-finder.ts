import { join, sep } from 'node:path';
import { counted } from '@bigrid/errors';
import type { Mask } from '@bigrid/inspect';
import { readMask } from '../images/images.ts';
import { type Listing, listFolder } from '../images/listing.ts';
import type { Ignored } from './dataset.ts';
import { readLabelMasks } from './mask-files.ts';
import { folderNamed, maskFolderOf, stemOf } from './names.ts';

export type ReadMask = () => Promise<Mask>;

/**
 * Finds the masks of a product's images in its `ground_truth` (or `masks`), in the same subfolders as the image:
 * `<stem>_mask.png` or `<stem>.png` with any image extension, or a folder `<stem>` of several masks. The masks of a
 * multi-page TIFF are the pages of another.
 */
export class MaskFinder {
  readonly #root: string | undefined;
  readonly #rootListing: Listing | undefined;
  readonly #folders = new Map<string, MasksOfFolder>();

  private constructor(root: string | undefined, listing: Listing | undefined) {
    this.#root = root;
    this.#rootListing = listing;
  }

  /** @param product folder that contains the mask folder */
  static async in(product: string): Promise<MaskFinder> {
    const name = maskFolderOf(await listFolder(product));
    if (name === undefined) return new MaskFinder(undefined, undefined);
    const root = join(product, name);
    return new MaskFinder(root, await listFolder(root));
  }

  /**
   * @param below folders from the folder of all defects down to the image
   * @returns a function that reads its mask; undefined if there is none
   */
  async find(below: readonly string[], file: string): Promise<ReadMask | undefined> {
    const folder = await this.#folderFor(below);
    return folder?.take(stemOf(file));
  }

  /** Reports masks that belong to no image. */
  async reportUnused(ignored: Ignored[]): Promise<void> {
    if (this.#root === undefined || this.#rootListing === undefined) return;
    for (const masks of this.#folders.values()) {
      const unused = masks.unused((path) => this.#folders.has(path));
      if (unused > 0) {
        ignored.push({ path: masks.path, reason: `${counted(unused, 'mask')} without an image` });
      }
    }
    const visited = [...this.#folders.keys()];
    for (const name of this.#rootListing.folders) {
      const path = join(this.#root, name);
      if (!visited.some((folder) => folder === path || folder.startsWith(path + sep))) {
        ignored.push({ path, reason: 'masks of a defect without images' });
      }
    }
  }

  async #folderFor(below: readonly string[]): Promise<MasksOfFolder | undefined> {
    if (this.#root === undefined || this.#rootListing === undefined) return undefined;
    // `masks/scratch` serves `bad/scratch` as well as `masks/bad/scratch` does.
    for (const parts of [below, below.slice(1)]) {
      const path = parts.length === 0 ? undefined : await descend(this.#root, parts);
      if (path !== undefined) return this.#masksIn(path);
    }
    // All masks in one folder: with subfolders as well, a name could match two images.
    return this.#rootListing.folders.length === 0 ? this.#masksIn(this.#root) : undefined;
  }

  async #masksIn(path: string): Promise<MasksOfFolder> {
    const known = this.#folders.get(path);
    if (known !== undefined) return known;
    const masks = await MasksOfFolder.open(path);
    this.#folders.set(path, masks);
    return masks;
  }
}

/** The masks in one folder, by the stem of the image. */
class MasksOfFolder {
  readonly path: string;
  readonly #readers: Map<string, ReadMask>;
  readonly #used = new Set<string>();

  private constructor(path: string, readers: Map<string, ReadMask>) {
    this.path = path;
    this.#readers = readers;
  }

  static async open(path: string): Promise<MasksOfFolder> {
    const { folders, images } = await listFolder(path);
    const readers = new Map<string, ReadMask>();
    for (const name of folders) {
      const parts = (await listFolder(join(path, name))).images;
      const files = parts.map((part) => join(path, name, part));
      if (files.length > 0) readers.set(name, () => readLabelMasks(files));
    }
    for (const file of images) readers.set(stemOf(file), () => readMask(join(path, file)));
    return new MasksOfFolder(path, readers);
  }

  take(stem: string): ReadMask | undefined {
    const ofPage = stem.replace(/(#\d+)$/, '_mask$1');
    const name = [`${stem}_mask`, ofPage, stem].find((key) => this.#readers.has(key));
    if (name === undefined) return undefined;
    this.#used.add(name);
    return this.#readers.get(name);
  }

  /** @param isOfDefect whether a subfolder holds the masks of a defect rather than of an image */
  unused(isOfDefect: (path: string) => boolean): number {
    const names = [...this.#readers.keys()];
    return names.filter((name) => !this.#used.has(name) && !isOfDefect(join(this.path, name)))
      .length;
  }
}

async function descend(root: string, parts: readonly string[]): Promise<string | undefined> {
  let path = root;
  for (const part of parts) {
    const name = folderNamed(await listFolder(path), part);
    if (name === undefined) return undefined;
    path = join(path, name);
  }
  return path;
}
