import { float32, matMul, reshape, type Value } from '@bigrid/graph';

/**
 * Sum over channels, each times its weight. As a product with one row: the engine's own sum over an axis that is not
 * the last takes ten times as long.
 * @param x [batch, channels, height, width]
 * @param weights [channels]; 1 each where left out
 * @returns [batch, 1, height, width]
 */
export function sumOverChannels(x: Value, weights?: Float32Array): Value {
  const [batch, channels, height, width] = x.shape as [number, number, number, number];
  const row = weights ?? new Float32Array(channels).fill(1);
  const columns = reshape(x, [batch, channels, height * width]);
  const sums = matMul(x.graph.constant(float32([1, channels], row)), columns);
  return reshape(sums, [batch, 1, height, width]);
}
