import { BigridError, fail } from '@bigrid/errors';
import { bytesOf, type Engine, type Tensor, type Tensors, toModel } from '@bigrid/graph';
import {
  type Backbone,
  extractor,
  type FeatureStatistics,
  type MethodOptions,
  originsTensor,
  Random,
  tileOrigins,
} from '@bigrid/method';
import {
  type Checkpoints,
  chain,
  digest,
  fromHex,
  type SavedReading,
  toHex,
} from './checkpoint.ts';
import { imageTensor } from './detector.ts';
import { type OnEvent, progressOf, reportSkipped } from './events.ts';
import type { OpenScratch, PictureEntry, Scratch } from './ports.ts';
import { checkCancelled, DECODE_AHEAD, inOrder } from './work.ts';

/** The features of all training pictures, kept aside in half precision. */
export interface ExtractedFeatures {
  readonly scratch: Scratch;
  /** Pictures that could be read. */
  readonly count: number;
  /** Blocks kept aside: one a picture, or one for each of its tiles that were drawn. */
  readonly blocks: number;
  readonly skipped: number;
  /** Shape of one block: [channels, cells, cells], float16. */
  readonly shape: readonly number[];
  readonly statistics: FeatureStatistics;
  /** How the channels divide into taps. */
  readonly tapChannels: readonly number[];
  /** SHA-256 over the pictures' pixels, in order, as hexadecimal digits. */
  readonly dataHash: string;
}

/** Which tiles of each picture are taken, where the method has tiles. */
export interface TileSample {
  readonly perPicture: number;
  readonly seed: number;
}

/**
 * Reads every picture once and runs the frozen layers on it, or on a sample of its tiles. Memory does not grow with the
 * number of pictures. Pictures that cannot be read are skipped, with an event each.
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
): Promise<ExtractedFeatures> {
  const { graph, tapChannels } = extractor(backbone, options);
  const channels = graph.outputs.get('features')?.shape[1] as number;
  const shape = [channels, options.cells, options.cells];
  const session = await engine.load(toModel(graph));
  const saved = checkpoints?.saved?.reading;
  const sum = saved ? new Float64Array(fromHex(saved.sum).buffer) : new Float64Array(channels);
  const squares = saved ? new Float64Array(fromHex(saved.squares).buffer) : sum.slice();
  let pixelHash = saved ? fromHex(saved.pixelHash) : new Uint8Array(32);
  let blockHash = saved ? fromHex(saved.blockHash) : new Uint8Array(32);
  let done = saved?.done ?? 0;
  const skipped = [...(saved?.skipped ?? [])];
  for (const { path, code, message } of skipped) {
    reportSkipped(path, new BigridError(code, message), onEvent);
  }
  const state = (): SavedReading => ({
    done,
    skipped,
    sum: toHex(new Uint8Array(sum.buffer)),
    squares: toHex(new Uint8Array(squares.buffer)),
    pixelHash: toHex(pixelHash),
    blockHash: toHex(blockHash),
  });
  const tilesOf = tileSource(options, sample);
  const perPicture = Math.min(sample.perPicture, tileOrigins(options).length);
  let scratch: Scratch | undefined;
  try {
    const blockBytes = 2 * channels * options.cells ** 2;
    const kept = (done - skipped.length) * perPicture;
    scratch = await openScratch(blockBytes, kept);
    if (saved) await checkBlocks(scratch, kept, blockBytes, saved.blockHash);
    const progress = progressOf('reading', entries.length, onEvent, done);
    const read = async (entry: PictureEntry) => {
      const picture = await entry.read();
      return { picture, pixels: await digest(picture.data) };
    };
    for await (const outcome of inOrder(entries.slice(done), read, DECODE_AHEAD)) {
      checkCancelled(signal);
      if ('error' in outcome) {
        const { path } = outcome.item;
        const { code, message } = reportSkipped(path, outcome.error, onEvent);
        skipped.push({ path, code, message });
      } else {
        const image = imageTensor(outcome.value.picture);
        const outputs = await session.run({ image, ...tilesOf(done) });
        const found = bytesOf(outputs.features as Tensor);
        for (let at = 0; at < found.length; at += blockBytes) {
          const block = found.subarray(at, at + blockBytes);
          await scratch.append(block);
          blockHash = await chain(blockHash, await digest(block));
        }
        accumulate(sum, (outputs.sum as Tensor<'float32'>).data);
        accumulate(squares, (outputs.squares as Tensor<'float32'>).data);
        pixelHash = await chain(pixelHash, outcome.value.pixels);
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
  const count = done - skipped.length;
  const blocks = count * perPicture;
  const cells = blocks * options.cells ** 2;
  const mean = Float32Array.from(sum, (total) => total / cells);
  const deviation = Float32Array.from(squares, (total, channel) =>
    // A channel that never moves must not be divided by nothing.
    Math.sqrt(Math.max(total / cells - ((sum[channel] as number) / cells) ** 2, 1e-10)),
  );
  return {
    scratch,
    count,
    blocks,
    skipped: skipped.length,
    shape,
    statistics: { mean, deviation },
    tapChannels,
    dataHash: toHex(pixelHash),
  };
}

/** Draws the tiles of a picture, by its place in order, so that a run that was cut off goes on with the same. */
function tileSource(options: MethodOptions, { perPicture, seed }: TileSample) {
  if (options.tiles === undefined) return () => ({});
  const origins = tileOrigins(options);
  return (picture: number): Tensors => {
    const random = new Random(seed).fork(`tiles ${picture}`);
    const drawn = random.permutation(origins.length).slice(0, perPicture);
    return { origins: originsTensor(drawn.map((tile) => origins[tile] as [number, number])) };
  };
}

function accumulate(total: Float64Array, values: Float32Array): void {
  for (let i = 0; i < values.length; i++) total[i] = (total[i] as number) + (values[i] as number);
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
