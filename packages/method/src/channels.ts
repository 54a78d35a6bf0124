import { float32, matMul, reshape, type Value } from '@bigrid/graph';

/**
 * Sums over channels, each channel times its weight: one sum for each row of weights. As a product with these rows: the
 * engine's own sum over an axis that is not the last takes ten times as long.
 * @param x [batch, channels, height, width]
 * @param weights [sums, channels], row by row; one row of 1 each where left out
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
 * Which of the joined channels each tap has: from the first up to the second.
 * @param tapChannels channels of each tap, in their order
 */
export function channelRanges(tapChannels: readonly number[]): [start: number, end: number][] {
  let end = 0;
  return tapChannels.map((channels) => {
    const start = end;
    end += channels;
    return [start, end];
  });
}
