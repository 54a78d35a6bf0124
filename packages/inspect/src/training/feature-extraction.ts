import { BigridError, fail } from '@bigrid/errors';
import { bytesOf, type Engine, type Tensor, toModel } from '@bigrid/graph';
import {
  type Backbone,
  extractor,
  type FeatureStatistics,
  type MethodOptions,
  originsTensor,
  Random,
  type Taps,
  tileOrigins,
} from '@bigrid/method';
import { imageTensor } from '../detection/detector.ts';
import { chain, digest, fromHex, toHex } from '../digest.ts';
import { type OnEvent, progressOf, reportSkipped } from '../events.ts';
import { type Fingerprint, fingerprintOf } from '../fingerprint.ts';
import { type ImageStatistics, imageStatistics } from '../image-statistics.ts';
import type { ImageEntry, OpenScratch, Scratch } from '../ports.ts';
import { readImage } from '../read-image.ts';
import { DECODE_AHEAD, inOrder, type TakeRoom } from '../work.ts';
import type { Checkpoints } from './checkpoint.ts';
import type { SavedImage, SavedReading } from './saved-training.ts';

/** Features to train on, kept aside in half precision. */
export interface ExtractedFeatures extends Taps {
  readonly scratch: Scratch;
  /** How many images there are. */
  readonly count: number;
  /** Blocks kept aside: one an image, or one for each of its tiles that were drawn. */
  readonly blocks: number;
  /** Shape of one block: [channels, cells, cells], float16. */
  readonly shape: readonly number[];
  readonly statistics: FeatureStatistics;
  /** The mean of each image's features over its cells, or those of its tiles that were drawn: [channels] each. */
  readonly imageMeans: readonly Float32Array[];
  /** SHA-256 over the images' pixels, in order, as hexadecimal digits. */
  readonly dataHash: string;
}

/** What is known of one image that was read; its features are the blocks of its index. */
export interface ReadImage {
  readonly entry: ImageEntry;
  /** Where each of its blocks begins in the resized image, in pixels: [y, x]. */
  readonly origins: readonly (readonly [y: number, x: number])[];
  readonly fingerprint: Fingerprint;
  readonly statistics: ImageStatistics;
  /** SHA-256 over its pixels. */
  readonly digest: Uint8Array;
  /** Sum over its cells, and sum of squares, of each channel. */
  readonly sum: Float32Array;
  readonly squares: Float32Array;
}

/** All images that could be read, before some are held out. */
export interface Extraction extends Pick<ExtractedFeatures, 'scratch' | 'shape' | keyof Taps> {
  readonly images: readonly ReadImage[];
  /** Blocks kept aside of each: 1, or its tiles that were drawn. */
  readonly blocksEach: number;
  /** Images that could not be read. */
  readonly skipped: number;
}

/** Which tiles of each image are taken, where the method has tiles. */
export interface TileSample {
  readonly perImage: number;
  readonly seed: number;
}

/**
 * Reads every image once and runs the frozen layers on it, or on a sample of its tiles. Of each, memory keeps a few
 * kilobytes: its features wait in the scratch. Images that cannot be read are skipped, with an event each.
 * @param openScratch is told the size of a block, and how many of an earlier run's to keep
 * @throws CHECKPOINT_INVALID where those blocks are not as they were written
 */
export async function extractFeatures(
  engine: Engine,
  backbone: Backbone,
  options: MethodOptions,
  entries: readonly ImageEntry[],
  openScratch: OpenScratch,
  onEvent: OnEvent,
  signal?: AbortSignal,
  checkpoints?: Checkpoints,
  sample: TileSample = { perImage: Number.POSITIVE_INFINITY, seed: 0 },
): Promise<Extraction> {
  const { graph, tapChannels, tapCells } = extractor(backbone, options);
  const channels = graph.outputs.get('features')?.shape[1] as number;
  const shape = [channels, options.cells, options.cells];
  const saved = checkpoints?.saved?.reading;
  const tilesOf = tileSource(options, sample);
  const images = saved ? readFrom(saved, entries, channels, tilesOf) : [];
  const skipped = [...(saved?.skipped ?? [])];
  for (const { path, code, message } of skipped) {
    reportSkipped(path, new BigridError(code, message), onEvent);
  }
  let blockHash = saved ? fromHex(saved.blockHash) : new Uint8Array(32);
  let done = images.length + skipped.length;
  const state = (): SavedReading => ({
    images: images.map((image) => savedFrom(image, entries)),
    skipped,
    blockHash: toHex(blockHash),
  });
  const blocksEach = Math.min(sample.perImage, tileOrigins(options).length);
  const session = await engine.load(toModel(graph));
  let scratch: Scratch | undefined;
  try {
    const blockBytes = 2 * channels * options.cells ** 2;
    const kept = images.length * blocksEach;
    scratch = await openScratch(blockBytes, kept);
    if (saved) await checkBlocks(scratch, kept, blockBytes, saved.blockHash);
    const progress = progressOf('reading', entries.length, onEvent, done);
    const read = async (entry: ImageEntry, takeRoom: TakeRoom) => {
      const image = await readImage(entry, takeRoom);
      return { image, pixels: await digest(image.data) };
    };
    for await (const outcome of inOrder(entries.slice(done), read, DECODE_AHEAD, signal)) {
      if ('error' in outcome) {
        const { path } = outcome.item;
        const { code, message } = reportSkipped(path, outcome.error, onEvent);
        skipped.push({ path, code, message });
      } else {
        const { image, pixels } = outcome.value;
        const origins = tilesOf(done);
        const outputs = await session.run({
          image: imageTensor(image),
          ...(options.tiles && { origins: originsTensor(origins) }),
        });
        const found = bytesOf(outputs.features as Tensor);
        for (let at = 0; at < found.length; at += blockBytes) {
          const block = found.subarray(at, at + blockBytes);
          await scratch.append(block);
          blockHash = await chain(blockHash, await digest(block));
        }
        images.push({
          entry: outcome.item,
          origins,
          fingerprint: fingerprintOf(image),
          statistics: imageStatistics(image),
          digest: pixels,
          sum: (outputs.sum as Tensor<'float32'>).data,
          squares: (outputs.squares as Tensor<'float32'>).data,
        });
      }
      progress(++done);
      await checkpoints?.saveIfDue(() => ({ reading: state() }));
    }
  } catch (error) {
    await scratch?.dispose();
    throw error;
  } finally {
    await session.dispose();
  }
  if (checkpoints) checkpoints.reading = state();
  return { scratch, shape, tapChannels, tapCells, images, blocksEach, skipped: skipped.length };
}

/** Some of the images, by their indices. */
export function imagesAt(
  { images }: Pick<Extraction, 'images'>,
  indices: readonly number[],
): ReadImage[] {
  return indices.map((index) => images[index] as ReadImage);
}

/** The features of some of the images alone: nothing of the others is in them. */
export async function featuresOf(
  extraction: Extraction,
  indices: readonly number[],
): Promise<ExtractedFeatures> {
  const { scratch, shape, tapChannels, tapCells, blocksEach } = extraction;
  const images = imagesAt(extraction, indices);
  const [channels, rows, columns] = shape as [number, number, number];
  const sum = new Float64Array(channels);
  const squares = new Float64Array(channels);
  let hash = new Uint8Array(32);
  for (const image of images) {
    accumulate(sum, image.sum);
    accumulate(squares, image.squares);
    hash = await chain(hash, image.digest);
  }
  const blocks = indices.length * blocksEach;
  const cells = blocks * rows * columns;
  const mean = Float32Array.from(sum, (total) => total / cells);
  const deviation = Float32Array.from(squares, (total, channel) =>
    // A channel that never moves must not be divided by nothing.
    Math.sqrt(Math.max(total / cells - ((sum[channel] as number) / cells) ** 2, 1e-10)),
  );
  const dataHash = toHex(hash);
  const placeOf = (block: number) =>
    (indices[Math.floor(block / blocksEach)] as number) * blocksEach + (block % blocksEach);
  const chosen: Scratch = {
    append: (block) => scratch.append(block),
    read: (block, target) => scratch.read(placeOf(block), target),
    dispose: () => scratch.dispose(),
  };
  const statistics = { mean, deviation };
  const count = indices.length;
  const imageMeans = images.map(({ sum }) => sum.map((total) => (total * count) / cells));
  return {
    scratch: chosen,
    count,
    blocks,
    shape,
    statistics,
    imageMeans,
    tapChannels,
    tapCells,
    dataHash,
  };
}

/** Draws the tiles of an image, by its place in order, so that a run that was cut off goes on with the same. */
function tileSource(options: MethodOptions, { perImage, seed }: TileSample) {
  const origins = tileOrigins(options);
  return (image: number): ReadImage['origins'] => {
    const random = new Random(seed).fork(`tiles ${image}`);
    const drawn = random.permutation(origins.length).slice(0, perImage);
    return drawn.map((tile) => origins[tile] as (typeof origins)[number]);
  };
}

function accumulate(total: Float64Array, values: Float32Array): void {
  for (let i = 0; i < values.length; i++) total[i] = (total[i] as number) + (values[i] as number);
}

/** What a checkpoint keeps of an image, by its place among all. */
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

/** @throws CHECKPOINT_INVALID where it is not of these images, in their order, with these features */
function readFrom(
  { images, skipped }: SavedReading,
  entries: readonly ImageEntry[],
  channels: number,
  tilesOf: (image: number) => ReadImage['origins'],
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
    origins: tilesOf(saved.at),
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

/** @throws CHECKPOINT_INVALID when blocks that an earlier run kept are not as it wrote them */
async function checkBlocks(
  scratch: Scratch,
  count: number,
  blockBytes: number,
  expected: string,
): Promise<void> {
  let hash = new Uint8Array(32);
  const block = new Uint8Array(blockBytes);
  for (let i = 0; i < count; i++) {
    await scratch.read(i, block);
    hash = await chain(hash, await digest(block));
  }
  if (toHex(hash) === expected) return;
  fail(
    'CHECKPOINT_INVALID',
    `Expected the features of ${count} images as they were saved but received others`,
  );
}
