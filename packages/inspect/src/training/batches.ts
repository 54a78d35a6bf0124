import { type Tensor, type Tensors, zeros } from '@bigrid/graph';
import type { MethodOptions, Random } from '@bigrid/method';
import type { ExtractedFeatures } from './feature-extraction.ts';

/** What batches are drawn from. */
export interface BatchInput {
  readonly features: ExtractedFeatures;
  /** Loss weight of each cell of each block, 1 on average; undefined if all cells count equally. */
  readonly cellWeights?: readonly Float32Array[] | undefined;
}

/**
 * Batches of features in random order, with the weights of their cells; every block comes once before any comes again.
 */
export class BatchSource {
  readonly random: Random;
  readonly #features: ExtractedFeatures;
  readonly #cellWeights: readonly Float32Array[] | undefined;
  readonly #batch: Tensor<'float16'>;
  readonly #weights: Tensor<'float32'>;
  #order: number[];

  constructor(
    { features, cellWeights }: BatchInput,
    batchSize: number,
    random: Random,
    order: readonly number[],
  ) {
    this.random = random;
    this.#features = features;
    this.#cellWeights = cellWeights;
    this.#order = [...order];
    this.#batch = zeros('float16', [batchSize, ...features.shape]);
    this.#weights = zeros('float32', [batchSize, 1, ...features.shape.slice(1)]);
  }

  /** Blocks still to come in this epoch, the next one last. */
  get order(): readonly number[] {
    return this.#order;
  }

  async next(): Promise<Tensors> {
    const { data, shape } = this.#batch;
    const [batchSize] = shape as [number];
    const block = data.byteLength / batchSize;
    const bytes = new Uint8Array(data.buffer);
    for (let i = 0; i < batchSize; i++) {
      if (this.#order.length === 0) this.#order = this.random.permutation(this.#features.blocks);
      const image = this.#order.pop() as number;
      await this.#features.scratch.read(image, bytes.subarray(i * block, (i + 1) * block));
      const weights = this.#cellWeights?.[image];
      if (weights) this.#weights.data.set(weights, i * weights.length);
    }
    const weighed = this.#cellWeights && { cellWeights: this.#weights };
    return { features: this.#batch, ...weighed };
  }
}

/** Noise on the local coordinates, in half of the steps. */
export class JitterSource {
  readonly random: Random;
  readonly #deviation: number;
  readonly #shape: readonly number[];

  constructor(options: MethodOptions, batchSize: number, random: Random) {
    this.#deviation = options.jitter;
    this.#shape = [batchSize, 2, options.cells, options.cells];
    this.random = random;
  }

  next(): Tensor<'float32'> {
    const noise = zeros('float32', this.#shape);
    if (this.random.uniform() < 0.5) {
      for (let i = 0; i < noise.data.length; i++)
        noise.data[i] = this.#deviation * this.random.normal();
    }
    return noise;
  }
}
