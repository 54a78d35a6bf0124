import { float32, matMul, reshape, type Value } from '@bigrid/graph';

/**
 * Weighted sums over channels, one per row of weights. A matrix product, because the engine's sum over an axis other than
 * the last takes ten times as long.
 * @param x [batch, channels, height, width]
 * @param weights [sums, channels], row by row. Default: one row of ones
 * @returns [batch, sums, height, width]
 */
export function sumOverChannels(x: Value, weights?: Float32Array): Value {
  const [batch, channels, height, width] = x.shape as [number, number, number, number];
  const rows = weights ?? new Float32Array(channels).fill(1);
  const sums = rows.length / channels;
  const columns = reshape(x, [batch, channels, height * width]);
  const product = matMul(x.graph.constant(float32([sums, channels], rows)), columns);
  return reshape(product, [batch, sums, height, width]);
}

/**
 * The range of each tap in the concatenated channels: from the first up to the second.
 * @param tapChannels channels of each tap, in order
 */
export function channelRanges(tapChannels: readonly number[]): [start: number, end: number][] {
  let end = 0;
  return tapChannels.map((channels) => {
    const start = end;
    end += channels;
    return [start, end];
  });
}
