import { bytesOf, type Engine, type Tensor, toModel } from '@bigrid/graph';
import {
  type Backbone,
  extractor,
  type FeatureStatistics,
  type MethodOptions,
} from '@bigrid/method';
import { imageTensor } from './detector.ts';
import { type OnEvent, progressOf, reportSkipped } from './events.ts';
import type { PictureEntry, Scratch } from './ports.ts';
import { checkCancelled, DECODE_AHEAD, inOrder } from './work.ts';

/** The features of all training pictures, kept aside in half precision. */
export interface ExtractedFeatures {
  readonly scratch: Scratch;
  /** Pictures that could be read. */
  readonly count: number;
  readonly skipped: number;
  /** Shape of one block: [channels, cells, cells], float16. */
  readonly shape: readonly number[];
  readonly statistics: FeatureStatistics;
  /** How the channels divide into taps. */
  readonly tapChannels: readonly number[];
  /** SHA-256 over the pictures' pixels, in order, as hexadecimal digits. */
  readonly dataHash: string;
}

/**
 * Reads every picture once and runs the frozen layers on it. Memory does not grow with the number of pictures.
 * Pictures that cannot be read are skipped, with an event each.
 */
export async function extractFeatures(
  engine: Engine,
  backbone: Backbone,
  options: MethodOptions,
  entries: readonly PictureEntry[],
  openScratch: (blockBytes: number) => Promise<Scratch>,
  onEvent: OnEvent,
  signal?: AbortSignal,
): Promise<ExtractedFeatures> {
  const { graph, tapChannels } = extractor(backbone, options);
  const channels = graph.outputs.get('features')?.shape[1] as number;
  const shape = [channels, options.cells, options.cells];
  const session = await engine.load(toModel(graph));
  const sum = new Float64Array(channels);
  const squares = new Float64Array(channels);
  let hash = new Uint8Array(32);
  let [done, skipped] = [0, 0];
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
        skipped++;
      } else {
        const outputs = await session.run({ image: imageTensor(outcome.value.picture) });
        await scratch.append(bytesOf(outputs.features as Tensor));
        accumulate(sum, (outputs.sum as Tensor<'float32'>).data);
        accumulate(squares, (outputs.squares as Tensor<'float32'>).data);
        hash = await chain(hash, outcome.value.digest);
      }
      progress(++done);
    }
  } catch (error) {
    await scratch?.dispose();
    throw error;
  } finally {
    await session.dispose();
  }
  const count = done - skipped;
  const cells = count * options.cells ** 2;
  const mean = Float32Array.from(sum, (total) => total / cells);
  const deviation = Float32Array.from(squares, (total, channel) =>
    // A channel that never moves must not be divided by nothing.
    Math.sqrt(Math.max(total / cells - ((sum[channel] as number) / cells) ** 2, 1e-10)),
  );
  const dataHash = [...hash].map((byte) => byte.toString(16).padStart(2, '0')).join('');
  return { scratch, count, skipped, shape, statistics: { mean, deviation }, tapChannels, dataHash };
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
