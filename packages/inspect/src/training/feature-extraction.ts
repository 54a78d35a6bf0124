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
import { type PictureStatistics, pictureStatistics } from '../picture-statistics.ts';
import type { OpenScratch, PictureEntry, Scratch } from '../ports.ts';
import { readPicture } from '../read-picture.ts';
import { DECODE_AHEAD, inOrder, type TakeRoom } from '../work.ts';
import type { Checkpoints } from './checkpoint.ts';
import type { SavedPicture, SavedReading } from './saved-training.ts';

/** Features to train on, kept aside in half precision. */
export interface ExtractedFeatures extends Taps {
  readonly scratch: Scratch;
  /** How many pictures there are. */
  readonly count: number;
  /** Blocks kept aside: one a picture, or one for each of its tiles that were drawn. */
  readonly blocks: number;
  /** Shape of one block: [channels, cells, cells], float16. */
  readonly shape: readonly number[];
  readonly statistics: FeatureStatistics;
  /** The mean of each picture's features over its cells, or those of its tiles that were drawn: [channels] each. */
  readonly pictureMeans: readonly Float32Array[];
  /** SHA-256 over the pictures' pixels, in order, as hexadecimal digits. */
  readonly dataHash: string;
}

/** What is known of one picture that was read; its features are the blocks of its index. */
export interface ReadPicture {
  readonly entry: PictureEntry;
  /** Where each of its blocks begins in the resized picture, in pixels: [y, x]. */
  readonly origins: readonly (readonly [y: number, x: number])[];
  readonly fingerprint: Fingerprint;
  readonly statistics: PictureStatistics;
  /** SHA-256 over its pixels. */
  readonly digest: Uint8Array;
  /** Sum over its cells, and sum of squares, of each channel. */
  readonly sum: Float32Array;
  readonly squares: Float32Array;
}

/** All pictures that could be read, before some are held out. */
export interface Extraction extends Pick<ExtractedFeatures, 'scratch' | 'shape' | keyof Taps> {
  readonly pictures: readonly ReadPicture[];
  /** Blocks kept aside of each: 1, or its tiles that were drawn. */
  readonly blocksEach: number;
  /** Pictures that could not be read. */
  readonly skipped: number;
}

/** Which tiles of each picture are taken, where the method has tiles. */
export interface TileSample {
  readonly perPicture: number;
  readonly seed: number;
}

/**
 * Reads every picture once and runs the frozen layers on it, or on a sample of its tiles. Of each, memory keeps a few
 * kilobytes: its features wait in the scratch. Pictures that cannot be read are skipped, with an event each.
 * @param openScratch is told the size of a block, and how many of an earlier run's to keep
 * @throws CHECKPOINT_INVALID where those blocks are not as they were written
 */
export async function extractFeatures(
  engine: Engine,
  backbone: Backbone,
  options: MethodOptions,
  entries: readonly PictureEntry[],
  openScratch: OpenScratch,
  onEvent: OnEvent,
  signal?: AbortSignal,
  checkpoints?: Checkpoints,
  sample: TileSample = { perPicture: Number.POSITIVE_INFINITY, seed: 0 },
): Promise<Extraction> {
  const { graph, tapChannels, tapCells } = extractor(backbone, options);
  const channels = graph.outputs.get('features')?.shape[1] as number;
  const shape = [channels, options.cells, options.cells];
  const saved = checkpoints?.saved?.reading;
  const tilesOf = tileSource(options, sample);
  const pictures = saved ? readFrom(saved, entries, channels, tilesOf) : [];
  const skipped = [...(saved?.skipped ?? [])];
  for (const { path, code, message } of skipped) {
    reportSkipped(path, new BigridError(code, message), onEvent);
  }
  let blockHash = saved ? fromHex(saved.blockHash) : new Uint8Array(32);
  let done = pictures.length + skipped.length;
  const state = (): SavedReading => ({
    pictures: pictures.map((picture) => savedFrom(picture, entries)),
    skipped,
    blockHash: toHex(blockHash),
  });
  const blocksEach = Math.min(sample.perPicture, tileOrigins(options).length);
  const session = await engine.load(toModel(graph));
  let scratch: Scratch | undefined;
  try {
    const blockBytes = 2 * channels * options.cells ** 2;
    const kept = pictures.length * blocksEach;
    scratch = await openScratch(blockBytes, kept);
    if (saved) await checkBlocks(scratch, kept, blockBytes, saved.blockHash);
    const progress = progressOf('reading', entries.length, onEvent, done);
    const read = async (entry: PictureEntry, takeRoom: TakeRoom) => {
      const picture = await readPicture(entry, takeRoom);
      return { picture, pixels: await digest(picture.data) };
    };
    for await (const outcome of inOrder(entries.slice(done), read, DECODE_AHEAD, signal)) {
      if ('error' in outcome) {
        const { path } = outcome.item;
        const { code, message } = reportSkipped(path, outcome.error, onEvent);
        skipped.push({ path, code, message });
      } else {
        const { picture, pixels } = outcome.value;
        const origins = tilesOf(done);
        const outputs = await session.run({
          image: imageTensor(picture),
          ...(options.tiles && { origins: originsTensor(origins) }),
        });
        const found = bytesOf(outputs.features as Tensor);
        for (let at = 0; at < found.length; at += blockBytes) {
          const block = found.subarray(at, at + blockBytes);
          await scratch.append(block);
          blockHash = await chain(blockHash, await digest(block));
        }
        pictures.push({
          entry: outcome.item,
          origins,
          fingerprint: fingerprintOf(picture),
          statistics: pictureStatistics(picture),
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
  return { scratch, shape, tapChannels, tapCells, pictures, blocksEach, skipped: skipped.length };
}

/** Some of the pictures, by their indices. */
export function picturesAt(
  { pictures }: Pick<Extraction, 'pictures'>,
  indices: readonly number[],
): ReadPicture[] {
  return indices.map((index) => pictures[index] as ReadPicture);
}

/** The features of some of the pictures alone: nothing of the others is in them. */
export async function featuresOf(
  extraction: Extraction,
  indices: readonly number[],
): Promise<ExtractedFeatures> {
  const { scratch, shape, tapChannels, tapCells, blocksEach } = extraction;
  const pictures = picturesAt(extraction, indices);
  const [channels, rows, columns] = shape as [number, number, number];
  const sum = new Float64Array(channels);
  const squares = new Float64Array(channels);
  let hash = new Uint8Array(32);
  for (const picture of pictures) {
    accumulate(sum, picture.sum);
    accumulate(squares, picture.squares);
    hash = await chain(hash, picture.digest);
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
  const pictureMeans = pictures.map(({ sum }) => sum.map((total) => (total * count) / cells));
  return {
    scratch: chosen,
    count,
    blocks,
    shape,
    statistics,
    pictureMeans,
    tapChannels,
    tapCells,
    dataHash,
  };
}

/** Draws the tiles of a picture, by its place in order, so that a run that was cut off goes on with the same. */
function tileSource(options: MethodOptions, { perPicture, seed }: TileSample) {
  const origins = tileOrigins(options);
  return (picture: number): ReadPicture['origins'] => {
    const random = new Random(seed).fork(`tiles ${picture}`);
    const drawn = random.permutation(origins.length).slice(0, perPicture);
    return drawn.map((tile) => origins[tile] as (typeof origins)[number]);
  };
}

function accumulate(total: Float64Array, values: Float32Array): void {
  for (let i = 0; i < values.length; i++) total[i] = (total[i] as number) + (values[i] as number);
}

/** What a checkpoint keeps of a picture, by its place among all. */
function savedFrom(picture: ReadPicture, entries: readonly PictureEntry[]): SavedPicture {
  return {
    at: entries.indexOf(picture.entry),
    statistics: picture.statistics,
    fingerprint: hexOf(picture.fingerprint),
    digest: toHex(picture.digest),
    sum: hexOf(picture.sum),
    squares: hexOf(picture.squares),
  };
}

/** @throws CHECKPOINT_INVALID where it is not of these pictures, in their order, with these features */
function readFrom(
  { pictures, skipped }: SavedReading,
  entries: readonly PictureEntry[],
  channels: number,
  tilesOf: (picture: number) => ReadPicture['origins'],
): ReadPicture[] {
  const digits = 2 * Float32Array.BYTES_PER_ELEMENT * channels;
  const isOfThese =
    pictures.length + skipped.length <= entries.length &&
    pictures.every(
      ({ at, sum, squares }, index) =>
        at > (pictures[index - 1]?.at ?? -1) &&
        at < entries.length &&
        sum.length === digits &&
        squares.length === digits,
    );
  if (!isOfThese) {
    fail(
      'CHECKPOINT_INVALID',
      `Expected what was read of ${entries.length} pictures, with ${channels} channels, but received that of others`,
    );
  }
  return pictures.map((saved) => ({
    entry: entries[saved.at] as PictureEntry,
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
    `Expected the features of ${count} pictures as they were saved but received others`,
  );
}
