import { type Tensor, type Tensors, tensor } from '@bigrid/graph';
import {
  type MethodOptions,
  pasteMask,
  type Random,
  type Stage,
  swapMask,
  tellsPastedCells,
} from '@bigrid/method';

/** Synthetic defects for the abnormal stage: where, and how strong. */
export class DefectSource {
  readonly random: Random;
  readonly #draw: () => Tensors;

  constructor(
    stage: Stage,
    options: MethodOptions,
    batchSize: number,
    shape: readonly number[],
    random: Random,
  ) {
    this.random = random;
    const [channels, cells] = shape as [number, number];
    const area = cells * cells;
    const [low, high] = options.pasteIntensity;
    const masks = (draw: () => Float32Array) => {
      const mask = new Float32Array(batchSize * area);
      for (let i = 0; i < batchSize; i++) mask.set(draw(), i * area);
      return tensor('float32', [batchSize, 1, cells, cells], mask);
    };
    const swapped = () => {
      // Other images' features, moved: neither the same image nor the same place says what was there.
      const image = random.integer(0, batchSize - 1);
      const [down, right] = [random.integer(1, cells - 1), random.integer(1, cells - 1)];
      return {
        mask: masks(() => swapMask(random, cells, options.pasteReach)),
        intensity: tensor(
          'float32',
          [batchSize, 1, 1, 1],
          random.array(batchSize, () => random.uniform(low, high)),
        ),
        images: int64(batchSize, (at) => (at + image) % batchSize),
        rows: int64(cells, (row) => (row + down) % cells),
        columns: int64(cells, (column) => (column + right) % cells),
      };
    };
    const pasted = () => {
      const mask = masks(() => pasteMask(random, cells, options.pasteReach));
      const intensity = new Float32Array(batchSize * channels);
      for (let i = 0; i < batchSize; i++) {
        const strength = random.uniform(low, high);
        const own = intensity.subarray(i * channels, (i + 1) * channels);
        // As published a block is one number for all channels: enough to tell it apart, but all blocks point the
        // same way. What is to be restored goes off in a direction of its own.
        if (tellsPastedCells(options)) own.fill(strength);
        else own.set(random.array(channels, () => strength * random.normal()));
      }
      return { mask, intensity: tensor('float32', [batchSize, channels, 1, 1], intensity) };
    };
    // Every other image gets noise all over, the rest stay clean.
    const noisy = () => ({
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
          () => random.uniform(low, high) * random.normal(),
        ),
      ),
    });
    const draws = { swap: swapped, fbp: pasted, noise: noisy };
    this.#draw = stage === 'abnormal' ? draws[options.anomalySource] : () => ({});
  }

  next(): Tensors {
    return this.#draw();
  }
}

function int64(length: number, value: (at: number) => number): Tensor<'int64'> {
  return tensor(
    'int64',
    [length],
    BigInt64Array.from({ length }, (_, at) => BigInt(value(at))),
  );
}
