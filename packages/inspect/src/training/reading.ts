import { fail } from '@bigrid/errors';
import { chain, digest, fromHex, toHex } from '../digest.ts';
import type { ImageEntry, Scratch } from '../ports.ts';
import type { ReadImage } from './feature-extraction.ts';
import type { SavedImage, SavedReading } from './saved-training.ts';

/** What is read: a saved state for other images, channels or blocks is refused. */
export interface ReadingOptions {
  readonly entries: readonly ImageEntry[];
  /** Number of feature channels. */
  readonly channels: number;
  /** Feature blocks per image in the scratch. */
  readonly blocksEach: number;
  readonly blockBytes: number;
  /** Origins of the blocks of an image, by the image's index. */
  readonly originsOf: (image: number) => ReadImage['origins'];
}

/** Progress of reading the images, which a checkpoint can save. */
export class Reading {
  readonly images: ReadImage[];
  readonly skipped: SavedReading['skipped'];
  readonly #options: ReadingOptions;
  #blockHash: Uint8Array<ArrayBuffer>;

  /**
   * @param saved state saved by an earlier run, to resume from
   * @throws CHECKPOINT_INVALID if it was saved for other images, another order or other features
   */
  constructor(saved: SavedReading | undefined, options: ReadingOptions) {
    this.#options = options;
    this.images = saved ? restored(saved, options) : [];
    this.skipped = [...(saved?.skipped ?? [])];
    this.#blockHash = saved ? fromHex(saved.blockHash) : new Uint8Array(32);
  }

  /** Number of images read or skipped. */
  get done(): number {
    return this.images.length + this.skipped.length;
  }

  /** Number of blocks in the scratch. */
  get blocks(): number {
    return this.images.length * this.#options.blocksEach;
  }

  /** @throws CHECKPOINT_INVALID if the blocks in the scratch are not those that the earlier run wrote */
  async checkBlocks(scratch: Scratch): Promise<void> {
    let hash = new Uint8Array(32);
    const block = new Uint8Array(this.#options.blockBytes);
    for (let i = 0; i < this.blocks; i++) {
      await scratch.read(i, block);
      hash = await chain(hash, await digest(block));
    }
    if (toHex(hash) === toHex(this.#blockHash)) return;
    fail(
      'CHECKPOINT_INVALID',
      `Expected the features of ${this.images.length} images as they were saved but received others`,
    );
  }

  /** Adds an image and appends its blocks to the scratch. @param features its blocks, concatenated */
  async add(image: ReadImage, features: Uint8Array, scratch: Scratch): Promise<void> {
    const { blockBytes } = this.#options;
    for (let at = 0; at < features.length; at += blockBytes) {
      const block = features.subarray(at, at + blockBytes);
      await scratch.append(block);
      this.#blockHash = await chain(this.#blockHash, await digest(block));
    }
    this.images.push(image);
  }

  get state(): SavedReading {
    return {
      images: this.images.map((image) => savedFrom(image, this.#options.entries)),
      skipped: this.skipped,
      blockHash: toHex(this.#blockHash),
    };
  }
}

/** What a checkpoint saves of an image; `at` is its index among all. */
function savedFrom(image: ReadImage, entries: readonly ImageEntry[]): SavedImage {
  return {
    at: entries.indexOf(image.entry),
    statistics: image.statistics,
    fingerprint: hexOf(image.fingerprint),
    digest: toHex(image.digest),
    sum: hexOf(image.sum),
    squares: hexOf(image.squares),
  };
}

function restored(
  { images, skipped }: SavedReading,
  { entries, channels, originsOf }: ReadingOptions,
): ReadImage[] {
  const digits = 2 * Float32Array.BYTES_PER_ELEMENT * channels;
  const isOfThese =
    images.length + skipped.length <= entries.length &&
    images.every(
      ({ at, sum, squares }, index) =>
        at > (images[index - 1]?.at ?? -1) &&
        at < entries.length &&
        sum.length === digits &&
        squares.length === digits,
    );
  if (!isOfThese) {
    fail(
      'CHECKPOINT_INVALID',
      `Expected what was read of ${entries.length} images, with ${channels} channels, but received that of others`,
    );
  }
  return images.map((saved) => ({
    entry: entries[saved.at] as ImageEntry,
    origins: originsOf(saved.at),
    statistics: saved.statistics,
    fingerprint: new Uint32Array(fromHex(saved.fingerprint).buffer),
    digest: fromHex(saved.digest),
    sum: new Float32Array(fromHex(saved.sum).buffer),
    squares: new Float32Array(fromHex(saved.squares).buffer),
  }));
}

function hexOf({ buffer, byteOffset, byteLength }: Uint32Array | Float32Array): string {
  return toHex(new Uint8Array(buffer, byteOffset, byteLength));
}
