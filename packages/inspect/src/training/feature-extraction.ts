import { BigridError } from '@bigrid/errors';
import { bytesOf, type Tensor, type Tensors, toModel, zeros } from '@bigrid/graph';
import {
  extractor,
  type FeatureStatistics,
  type MethodOptions,
  originsTensor,
  Random,
  type Taps,
  tileOrigins,
} from '@bigrid/method';
import { imageTensor } from '../detection/detector.ts';
import { chain, toHex } from '../digest.ts';
import { type OnEvent, progressOf, reportSkipped } from '../events.ts';
import { type Fingerprint, fingerprintOf } from '../fingerprint.ts';
import { type ImageStatistics, imageStatistics } from '../image-statistics.ts';
import type { ImageEntry, Scratch, TrainingPorts } from '../ports.ts';
import { type DigestedImage, readWithDigest } from '../read-image.ts';
import { imagesAhead, inBackground, inOrder, type TakeRoom } from '../work.ts';
import type { Checkpoints } from './checkpoint.ts';
import { Reading } from './reading.ts';

/** Features to train on, stored in half precision. */
export interface ExtractedFeatures extends Taps {
  readonly scratch: Scratch;
  /** Number of images. */
  readonly count: number;
  /** Number of blocks: one per image, or one per tile drawn from it. */
  readonly blocks: number;
  /** Shape of one block: [channels, cells, cells], float16. */
  readonly shape: readonly number[];
  readonly statistics: FeatureStatistics;
  /** The mean of each image's features over its cells, or those of its tiles that were drawn: [channels] each. */
  readonly imageMeans: readonly Float32Array[];
  /** SHA-256 over the images' pixels, in order, as hexadecimal digits. */
  readonly dataHash: string;
}

/** An image that was read. Its features are in the scratch. */
export interface ReadImage {
  readonly entry: ImageEntry;
  /** Where each of its blocks begins in the resized image, in pixels: [y, x]. */
  readonly origins: readonly (readonly [y: number, x: number])[];
  readonly fingerprint: Fingerprint;
  readonly statistics: ImageStatistics;
  /** SHA-256 over its pixels. */
  readonly digest: Uint8Array;
  /** Sum and sum of squares of each channel over its cells: [channels]. */
  readonly sum: Float32Array;
  readonly squares: Float32Array;
}

/** All images that could be read, before the split. */
export interface Extraction extends Pick<ExtractedFeatures, 'scratch' | 'shape' | keyof Taps> {
  readonly images: readonly ReadImage[];
  /** Blocks per image: 1, or the number of tiles drawn. */
  readonly blocksEach: number;
  /** Number of images that could not be read. */
  readonly skipped: number;
}

/** Which tiles of each image are used, if the method has tiles. */
export interface TileSample {
  readonly perImage: number;
  readonly seed: number;
}

const ALL_TILES: TileSample = { perImage: Number.POSITIVE_INFINITY, seed: 0 };

export interface ExtractionInput
  extends Pick<TrainingPorts, 'imageEngine' | 'backbone' | 'openScratch' | 'signal'> {
  readonly method: MethodOptions;
  readonly entries: readonly ImageEntry[];
  /** Light that images are brought to: see LIGHT. Default: that of each image. */
  readonly light?: Tensor<'float32'> | undefined;
  /** Default: all tiles. */
  readonly sample?: TileSample;
  /** Default: no checkpoint. */
  readonly checkpoints?: Checkpoints;
  readonly onEvent: OnEvent;
}

/**
 * Reads every image once and runs the frozen layers on it, or on a sample of its tiles. The features go to the scratch;
 * memory holds a few kilobytes per image. Images that cannot be read are skipped, with an event each.
 * @throws CHECKPOINT_INVALID if the saved state is of other images or damaged; CANCELLED, ENGINE_FAILED
 */
export async function extractFeatures(input: ExtractionInput): Promise<Extraction> {
  const { imageEngine, backbone, method, entries, checkpoints, onEvent, signal } = input;
  const { sample = ALL_TILES, light } = input;
  const { graph, tapChannels, tapCells } = extractor(backbone, method, light);
  const channels = graph.outputs.get('features')?.shape[1] as number;
  const shape = [channels, method.cells, method.cells];
  const blockBytes = 2 * channels * method.cells ** 2;
  const blocksEach = Math.min(sample.perImage, tileOrigins(method).length);
  const originsOf = tileSource(method, sample);
  const extent = { entries, channels, blocksEach, blockBytes, originsOf };
  const reading = new Reading(checkpoints?.saved?.reading, extent);
  for (const { path, code, message } of reading.skipped) {
    reportSkipped(path, new BigridError(code, message), onEvent);
  }
  const session = await imageEngine.load(toModel(graph));
  let scratch: Scratch | undefined;
  try {
    scratch = await input.openScratch(blockBytes, reading.blocks);
    await reading.checkBlocks(scratch);
    const progress = progressOf('reading', entries.length, onEvent, reading.done);
    const left = [...entries.entries()].slice(reading.done);
    const describe = async ([at, entry]: (typeof left)[number], takeRoom: TakeRoom) => {
      const { image, digest } = await readWithDigest(entry, takeRoom);
      const origins = originsOf(at);
      const given = {
        image: imageTensor(image),
        ...(method.tiles && { origins: originsTensor(origins) }),
      };
      return { image, digest, origins, outputs: inBackground(session.run(given)) };
    };
    const ahead = imagesAhead(imageEngine.runsAtOnce);
    for await (const outcome of inOrder(left, describe, ahead, signal)) {
      const [, entry] = outcome.item;
      if ('error' in outcome) {
        const { path } = entry;
        const { code, message } = reportSkipped(path, outcome.error, onEvent);
        reading.skipped.push({ path, code, message });
      } else {
        const outputs = await outcome.value.outputs;
        const read = readImageOf(entry, outcome.value, outputs);
        await reading.add(read, bytesOf(outputs.features as Tensor), scratch);
      }
      progress(reading.done);
      await checkpoints?.saveIfDue(async () => ({ reading: reading.state }));
    }
  } catch (error) {
    await scratch?.dispose();
    throw error;
  } finally {
    await session.dispose();
  }
  if (checkpoints) checkpoints.reading = reading.state;
  const { images, skipped } = reading;
  return { scratch, shape, tapChannels, tapCells, images, blocksEach, skipped: skipped.length };
}

function readImageOf(
  entry: ImageEntry,
  { image, digest, origins }: DigestedImage & Pick<ReadImage, 'origins'>,
  { sum, squares }: Tensors,
): ReadImage {
  return {
    entry,
    origins,
    fingerprint: fingerprintOf(image),
    statistics: imageStatistics(image),
    digest,
    sum: (sum as Tensor<'float32'>).data,
    squares: (squares as Tensor<'float32'>).data,
  };
}

/** The features of a block as input of a graph: float16 [1, channels, cells, cells]. */
export async function readBlock(
  { scratch }: Pick<Extraction, 'scratch'>,
  shape: readonly number[],
  index: number,
): Promise<Tensor<'float16'>> {
  const block = zeros('float16', [1, ...shape]);
  await scratch.read(index, new Uint8Array(block.data.buffer));
  return block;
}

/** The images at some indices. */
export function imagesAt(
  { images }: Pick<Extraction, 'images'>,
  indices: readonly number[],
): ReadImage[] {
  return indices.map((index) => images[index] as ReadImage);
}

/** The entries of the images at some indices. */
export function entriesAt(
  extraction: Pick<Extraction, 'images'>,
  indices: readonly number[],
): ImageEntry[] {
  return imagesAt(extraction, indices).map(({ entry }) => entry);
}

/** The features and statistics of some of the images only. */
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
    // A constant channel must not cause a division by zero.
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

/** Draws the tiles of an image by its index, so that a resumed run draws the same ones. */
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
