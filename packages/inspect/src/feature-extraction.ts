import { bytesOf, type Engine, type Tensor, toModel } from '@bigrid/graph';
import {
  type Backbone,
  extractor,
  type FeatureStatistics,
  type MethodOptions,
} from '@bigrid/method';
import { imageTensor } from './detector.ts';
import { type OnEvent, progressOf, reportSkipped } from './events.ts';
import { type Fingerprint, fingerprintOf } from './fingerprint.ts';
import { type PictureStatistics, pictureStatistics } from './picture-statistics.ts';
import type { PictureEntry, Scratch } from './ports.ts';
import { checkCancelled, DECODE_AHEAD, inOrder } from './work.ts';

/** Features to train on, kept aside in half precision. */
export interface ExtractedFeatures {
  readonly scratch: Scratch;
  /** How many pictures there are. */
  readonly count: number;
  /** Shape of one block: [channels, cells, cells], float16. */
  readonly shape: readonly number[];
  readonly statistics: FeatureStatistics;
  /** How the channels divide into taps. */
  readonly tapChannels: readonly number[];
  /** SHA-256 over the pictures' pixels, in order, as hexadecimal digits. */
  readonly dataHash: string;
}

/** What is known of one picture that was read; its features are the block of its index. */
export interface ReadPicture {
  readonly entry: PictureEntry;
  readonly fingerprint: Fingerprint;
  readonly statistics: PictureStatistics;
  /** SHA-256 over its pixels. */
  readonly digest: Uint8Array;
  /** Sum over its cells, and sum of squares, of each channel. */
  readonly sum: Float32Array;
  readonly squares: Float32Array;
}

/** All pictures that could be read, before some are held out. */
export interface Extraction extends Pick<ExtractedFeatures, 'scratch' | 'shape' | 'tapChannels'> {
  readonly pictures: readonly ReadPicture[];
  /** Pictures that could not be read. */
  readonly skipped: number;
}

/**
 * Reads every picture once and runs the frozen layers on it. Of each, memory keeps a few kilobytes: its features wait
 * in the scratch. Pictures that cannot be read are skipped, with an event each.
 */
export async function extractFeatures(
  engine: Engine,
  backbone: Backbone,
  options: MethodOptions,
  entries: readonly PictureEntry[],
  openScratch: (blockBytes: number) => Promise<Scratch>,
  onEvent: OnEvent,
  signal?: AbortSignal,
): Promise<Extraction> {
  const { graph, tapChannels } = extractor(backbone, options);
  const channels = graph.outputs.get('features')?.shape[1] as number;
  const shape = [channels, options.cells, options.cells];
  const session = await engine.load(toModel(graph));
  const pictures: ReadPicture[] = [];
  let done = 0;
  let scratch: Scratch | undefined;
  try {
    scratch = await openScratch(2 * channels * options.cells ** 2);
    const progress = progressOf('reading', entries.length, onEvent);
    const read = async (entry: PictureEntry) => {
      const picture = await entry.read();
      const digest = await crypto.subtle.digest('SHA-256', picture.data as Uint8Array<ArrayBuffer>);
      return { picture, digest: new Uint8Array(digest) };
    };
    for await (const outcome of inOrder(entries, read, DECODE_AHEAD)) {
      checkCancelled(signal);
      if ('error' in outcome) {
        reportSkipped(outcome.item.path, outcome.error, onEvent);
      } else {
        const { picture, digest } = outcome.value;
        const outputs = await session.run({ image: imageTensor(picture) });
        await scratch.append(bytesOf(outputs.features as Tensor));
        pictures.push({
          entry: outcome.item,
          fingerprint: fingerprintOf(picture),
          statistics: pictureStatistics(picture),
          digest,
          sum: (outputs.sum as Tensor<'float32'>).data,
          squares: (outputs.squares as Tensor<'float32'>).data,
        });
      }
      progress(++done);
    }
  } catch (error) {
    await scratch?.dispose();
    throw error;
  } finally {
    await session.dispose();
  }
  return { scratch, shape, tapChannels, pictures, skipped: done - pictures.length };
}

/** The features of some of the pictures alone: nothing of the others is in them. */
export async function featuresOf(
  { scratch, shape, tapChannels, pictures }: Extraction,
  indices: readonly number[],
): Promise<ExtractedFeatures> {
  const [channels, rows, columns] = shape as [number, number, number];
  const sum = new Float64Array(channels);
  const squares = new Float64Array(channels);
  let hash = new Uint8Array(32);
  for (const index of indices) {
    const picture = pictures[index] as ReadPicture;
    accumulate(sum, picture.sum);
    accumulate(squares, picture.squares);
    hash = await chain(hash, picture.digest);
  }
  const cells = indices.length * rows * columns;
  const mean = Float32Array.from(sum, (total) => total / cells);
  const deviation = Float32Array.from(squares, (total, channel) =>
    // A channel that never moves must not be divided by nothing.
    Math.sqrt(Math.max(total / cells - ((sum[channel] as number) / cells) ** 2, 1e-10)),
  );
  const dataHash = [...hash].map((byte) => byte.toString(16).padStart(2, '0')).join('');
  const chosen: Scratch = {
    append: (block) => scratch.append(block),
    read: (index, target) => scratch.read(indices[index] as number, target),
    dispose: () => scratch.dispose(),
  };
  const statistics = { mean, deviation };
  return { scratch: chosen, count: indices.length, shape, statistics, tapChannels, dataHash };
}

function accumulate(total: Float64Array, values: Float32Array): void {
  for (let i = 0; i < values.length; i++) total[i] = (total[i] as number) + (values[i] as number);
}

async function chain(hash: Uint8Array, digest: Uint8Array): Promise<Uint8Array<ArrayBuffer>> {
  const both = new Uint8Array(hash.length + digest.length);
  both.set(hash);
  both.set(digest, hash.length);
  return new Uint8Array(await crypto.subtle.digest('SHA-256', both));
}
