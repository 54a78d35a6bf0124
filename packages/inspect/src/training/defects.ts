import { bytesOf, type Tensor, type Tensors, tensor, zeros } from '@bigrid/graph';
import { type MethodOptions, pasteMask, type Random, type Stage, swapMask } from '@bigrid/method';

/** How often what is swapped in is a drawn texture, and not another picture: docs/results.md has the figures. */
const TEXTURE_SHARE = 0.5;

/** Synthetic defects for the abnormal stage: where, how strong, and of what. */
export class DefectSource {
  readonly random: Random;
  readonly #draw: (batch: Tensor<'float16'>) => Tensors;

  /** @param textures features of drawn textures, float16 [channels, cells, cells] each: some where defects are swapped */
  constructor(
    stage: Stage,
    options: MethodOptions,
    batchSize: number,
    shape: readonly number[],
    textures: readonly Uint8Array[],
    random: Random,
  ) {
    this.random = random;
    const [channels, cells] = shape as [number, number];
    const area = cells * cells;
    const [low, high] = options.pasteIntensity;
    const masks = (change: (mask: Float32Array) => Float32Array = (mask) => mask) => {
      const mask = new Float32Array(batchSize * area);
      for (let i = 0; i < batchSize; i++) {
        const paste = { reach: options.pasteReach, intensity: options.pasteIntensity };
        mask.set(change(pasteMask(random, cells, paste)), i * area);
      }
      return tensor('float32', [batchSize, 1, cells, cells], mask);
    };
    const donors = zeros('float16', [batchSize, ...shape]);
    const bytes = bytesOf(donors);
    const block = bytes.length / batchSize;
    const swapped = (batch: Tensor<'float16'>) => {
      // Other pictures' features, moved: neither the same picture nor the same place says what was there. A texture is
      // of another kind altogether, as a defect may be.
      const own = bytesOf(batch);
      const picture = random.integer(0, batchSize - 1);
      for (let i = 0; i < batchSize; i++) {
        const from = ((i + picture) % batchSize) * block;
        const drawn =
          random.uniform() < TEXTURE_SHARE
            ? (textures[random.integer(0, textures.length - 1)] as Uint8Array)
            : own.subarray(from, from + block);
        bytes.set(drawn, i * block);
      }
      const [down, right] = [random.integer(1, cells - 1), random.integer(1, cells - 1)];
      return {
        mask: masks(swapMask),
        intensity: tensor(
          'float32',
          [batchSize, 1, 1, 1],
          random.array(batchSize, () => random.uniform(low, high)),
        ),
        donors,
        rows: int64(cells, (row) => (row + down) % cells),
        columns: int64(cells, (column) => (column + right) % cells),
      };
    };
    const pasted = () => {
      const mask = masks();
      const intensity = new Float32Array(batchSize * channels);
      for (let i = 0; i < batchSize; i++) {
        const strength = random.uniform(low, high);
        const own = intensity.subarray(i * channels, (i + 1) * channels);
        // As published a block is one number for all channels: enough to tell it apart, but all blocks point the
        // same way. What is to be restored goes off in a direction of its own.
        if (options.abnormalGrid === 'published') own.fill(strength);
        else own.set(random.array(channels, () => strength * random.normal()));
      }
      return { mask, intensity: tensor('float32', [batchSize, channels, 1, 1], intensity) };
    };
    // Every other picture gets noise all over, the rest stay clean.
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

  /** @param batch features of the pictures that get the defects, float16 [batch, channels, cells, cells] */
  next(batch: Tensor<'float16'>): Tensors {
    return this.#draw(batch);
  }
}

function int64(length: number, value: (at: number) => number): Tensor<'int64'> {
  return tensor(
    'int64',
    [length],
    BigInt64Array.from({ length }, (_, at) => BigInt(value(at))),
  );
}
