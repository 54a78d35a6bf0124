import { float32, type Tensor } from '@bigrid/graph';
import type { Taps } from '@bigrid/method';
import { split } from '../rows.ts';

/** Exponent of the variance that a direction is divided by: between raw distances (0) and whitened ones (1/2). */
const WHITENING = 1 / 4;
/** Share of the average variance that is added to each, so that directions of noise are not blown up. */
const FLOOR = 0.05;

interface Direction {
  /** Its weight in each channel: [channels]. */
  readonly row: Float64Array;
  readonly variance: number;
}

/**
 * The space in which cells are compared: in each tap the principal directions of good cells, those of large variance
 * scaled down; all taps with equal variance, except that coarser ones, which localise less well, have less, as in
 * the anomaly map.
 * @param cells standardised features: [count * channels]
 * @param weights of channels in the anomaly map
 * @returns [channels, channels], directions of large variance first
 */
export async function metricOf(
  cells: Float32Array,
  { tapChannels, tapCells }: Taps,
  weights: Float32Array,
): Promise<Tensor<'float32'>> {
  // Only training needs it: other commands should not wait for it to load.
  const { EigenvalueDecomposition, Matrix } = await import('ml-matrix');
  const channels = weights.length;
  const finest = Math.max(...tapCells);
  const directions: Direction[] = [];
  let start = 0;
  for (const [tap, width] of tapChannels.entries()) {
    const roots = weights.slice(start, start + width).map(Math.sqrt);
    const covariance = covarianceOf(cells, channels, start, roots);
    const found = new EigenvalueDecomposition(new Matrix(covariance), { assumeSymmetric: true });
    const variances = found.realEigenvalues.map((variance) => Math.max(0, variance));
    const average = variances.reduce((sum, variance) => sum + variance, 0) / width || 1;
    const scales = variances.map((variance) => (variance / average + FLOOR) ** -WHITENING);
    const total = variances.reduce((sum, own, at) => sum + own * (scales[at] as number) ** 2, 0);
    const share = Math.sqrt((tapCells[tap] as number) / finest) / (total || 1);
    for (const [at, variance] of variances.entries()) {
      const scale = (scales[at] as number) * Math.sqrt(share);
      const row = new Float64Array(channels);
      roots.forEach((root, channel) => {
        row[start + channel] = scale * root * found.eigenvectorMatrix.get(channel, at);
      });
      directions.push({ row, variance: variance * scale ** 2 });
    }
    start += width;
  }
  directions.sort((a, b) => b.variance - a.variance);
  return float32(
    [channels, channels],
    directions.flatMap(({ row }) => [...row]),
  );
}

/**
 * How much light and compression count: what they change in a direction is added to its average variance this many times.
 * docs/lab-notes/2026-11-28-light-and-compression.md compares weights.
 */
const STEADINESS = 16;

/**
 * A metric in which cells that differ only in light and compression are close: directions that these change are scaled down.
 *
 *     (1 + STEADINESS C / s)^(-1/2) metric        C: mean of d d^T over changes d of cells, s: average variance of cells
 *
 * It is turned so that its first directions are again those of large variance.
 * @param metric from {@link metricOf}
 * @param cells standardised features: [count * channels]
 * @param changes of standardised features: [count * channels]
 */
export async function steadied(
  { data, shape }: Tensor<'float32'>,
  cells: Float32Array,
  changes: Float32Array,
): Promise<Tensor<'float32'>> {
  const { EigenvalueDecomposition, Matrix } = await import('ml-matrix');
  const [channels] = shape as [number];
  const metric = new Matrix(split(data, channels).map((row) => [...row]));
  const ones = new Float32Array(channels).fill(1);
  const within = (moments: number[][]) => metric.mmul(new Matrix(moments)).mmul(metric.transpose());
  const spread = within(covarianceOf(cells, channels, 0, ones));
  const changed = within(covarianceOf(changes, channels, 0, ones, 'zero'));
  const added = changed.mul((STEADINESS * channels) / (spread.trace() || 1));
  const weighed = new EigenvalueDecomposition(Matrix.eye(channels).add(added), {
    assumeSymmetric: true,
  });
  const { eigenvectorMatrix: axes, realEigenvalues } = weighed;
  const scales = realEigenvalues.map((value) => 1 / Math.sqrt(Math.max(1, value)));
  const shrinking = axes.mmul(Matrix.diag(scales)).mmul(axes.transpose());
  const left = shrinking.mmul(spread).mmul(shrinking);
  const { eigenvectorMatrix: principal } = new EigenvalueDecomposition(left, {
    assumeSymmetric: true,
  });
  // Eigenvalues ascend.
  const rows = principal.transpose().mmul(shrinking).mmul(metric).to2DArray().reverse();
  return float32(shape, rows.flat());
}

/** Covariance of some channels, each times its weight. @returns [width][width] */
function covarianceOf(
  cells: Float32Array,
  channels: number,
  start: number,
  roots: Float32Array,
  around: 'mean' | 'zero' = 'mean',
): number[][] {
  const width = roots.length;
  const count = cells.length / channels;
  const sums = new Float64Array(width);
  const products = Array.from({ length: width }, () => new Float64Array(width));
  for (let cell = 0; cell < count; cell++) {
    const from = cell * channels + start;
    for (let i = 0; i < width; i++) {
      const own = (cells[from + i] as number) * (roots[i] as number);
      sums[i] = (sums[i] as number) + own;
      const row = products[i] as Float64Array;
      for (let j = 0; j <= i; j++) {
        row[j] = (row[j] as number) + own * (cells[from + j] as number) * (roots[j] as number);
      }
    }
  }
  const mean = (i: number) => (around === 'mean' ? (sums[i] as number) / count : 0);
  const at = (i: number, j: number) => (products[i] as Float64Array)[j] as number;
  return Array.from({ length: width }, (_, i) =>
    Array.from(
      { length: width },
      (_, j) => at(Math.max(i, j), Math.min(i, j)) / count - mean(i) * mean(j),
    ),
  );
}
