import { type Tensor, type Tensors, tensor } from '@bigrid/graph';
import {
  type MethodOptions,
  pasteMask,
  type Random,
  type Stage,
  swapMask,
  tellsPastedCells,
} from '@bigrid/method';

export interface DefectOptions {
  readonly stage: Stage;
  readonly method: MethodOptions;
  readonly batchSize: number;
  /** Shape of one block of features: [channels, cells, cells]. */
  readonly shape: readonly number[];
  readonly random: Random;
}

/** Synthetic defects for the abnormal stage: where, and how strong. Other stages get none. */
export class DefectSource {
  readonly random: Random;
  readonly #options: DefectOptions;

  constructor(options: DefectOptions) {
    this.random = options.random;
    this.#options = options;
  }

  next(): Tensors {
    const { stage, method } = this.#options;
    return stage === 'abnormal' ? draws[method.anomalySource](this.#options) : {};
  }
}

const draws = { swap: swapped, fbp: pasted, noise: noisy };

function swapped(options: DefectOptions): Tensors {
  const { method, batchSize, random } = options;
  const { cells, pasteIntensity, pasteReach } = method;
  // Features of other images, shifted: neither the same image nor the same place reveals what was there.
  const image = random.integer(0, batchSize - 1);
  const [down, right] = [random.integer(1, cells - 1), random.integer(1, cells - 1)];
  return {
    mask: masks(options, () => swapMask(random, cells, pasteReach)),
    intensity: tensor(
      'float32',
      [batchSize, 1, 1, 1],
      random.array(batchSize, () => random.uniform(...pasteIntensity)),
    ),
    images: int64(batchSize, (at) => (at + image) % batchSize),
    rows: int64(cells, (row) => (row + down) % cells),
    columns: int64(cells, (column) => (column + right) % cells),
  };
}

function pasted(options: DefectOptions): Tensors {
  const { method, batchSize, shape, random } = options;
  const [channels] = shape as [number];
  const mask = masks(options, () => pasteMask(random, method.cells, method.pasteReach));
  const intensity = new Float32Array(batchSize * channels);
  for (let i = 0; i < batchSize; i++) {
    const strength = random.uniform(...method.pasteIntensity);
    const own = intensity.subarray(i * channels, (i + 1) * channels);
    // As published, a block is one number for all channels: enough to detect it, but all blocks point the
    // same way. What is to be restored goes off in a direction of its own.
    if (tellsPastedCells(method)) own.fill(strength);
    else own.set(random.array(channels, () => strength * random.normal()));
  }
  return { mask, intensity: tensor('float32', [batchSize, channels, 1, 1], intensity) };
}

/** Noise on the whole of every other image; the rest stay clean. */
function noisy({ method, batchSize, shape, random }: DefectOptions): Tensors {
  const [channels, cells] = shape as [number, number];
  const area = cells * cells;
  return {
    mask: tensor(
      'float32',
      [batchSize, 1, cells, cells],
      Float32Array.from({ length: batchSize * area }, (_, at) => Math.floor(at / area) % 2),
    ),
    intensity: tensor(
      'float32',
      [batchSize, channels, cells, cells],
      random.array(
        batchSize * channels * area,
        () => random.uniform(...method.pasteIntensity) * random.normal(),
      ),
    ),
  };
}

/** A mask of each image of a batch: [batch, 1, cells, cells]. */
function masks({ method: { cells }, batchSize }: DefectOptions, draw: () => Float32Array): Tensor {
  const area = cells * cells;
  const mask = new Float32Array(batchSize * area);
  for (let i = 0; i < batchSize; i++) mask.set(draw(), i * area);
  return tensor('float32', [batchSize, 1, cells, cells], mask);
}

function int64(length: number, value: (at: number) => number): Tensor<'int64'> {
  return tensor(
    'int64',
    [length],
    BigInt64Array.from({ length }, (_, at) => BigInt(value(at))),
  );
}
