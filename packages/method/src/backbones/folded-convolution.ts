import { convolution, type Graph, sizeOf, tensor, type Value } from '@bigrid/graph';
import { readWeight, type Weights } from './weights.ts';

/** The weights of a network of convolutions and batch norms. */
export interface NetworkWeights extends Weights {
  /** Epsilon of its batch norms. */
  readonly batchNormEpsilon: number;
}

export interface ConvolutionShape {
  readonly channels: number;
  readonly kernel: number;
  readonly stride?: number;
  readonly groups?: number;
  /** Default: TensorFlow's SAME. */
  readonly padding?: number | 'same';
}

/**
 * A convolution without bias and the batch norm after it, folded into one convolution with bias:
 *
 *     w' = w s        b' = beta - mean s        s = gamma / sqrt(variance + epsilon)
 *
 * @param x [batch, in, height, width]
 * @returns [batch, channels, ceil(height / stride), ceil(width / stride)]
 * @throws WEIGHTS_INVALID
 */
export function foldedConvolution(
  graph: Graph,
  weights: NetworkWeights,
  convolutionName: string,
  normName: string,
  x: Value,
  { channels, kernel, stride = 1, groups = 1, padding = 'same' }: ConvolutionShape,
): Value {
  const inputs = (x.shape[1] as number) / groups;
  const weight = readWeight(weights, `${convolutionName}.weight`, [
    channels,
    inputs,
    kernel,
    kernel,
  ]);
  const [gamma, beta, mean, variance] = ['weight', 'bias', 'running_mean', 'running_var'].map(
    (part) => readWeight(weights, `${normName}.${part}`, [channels]).data,
  ) as [Float32Array, Float32Array, Float32Array, Float32Array];
  const scale = gamma.map(
    (g, channel) => g / Math.sqrt((variance[channel] as number) + weights.batchNormEpsilon),
  );
  const perChannel = sizeOf(weight.shape.slice(1));
  const folded = weight.data.map((w, i) => w * (scale[Math.floor(i / perChannel)] as number));
  const bias = beta.map((b, channel) => b - (mean[channel] as number) * (scale[channel] as number));
  return convolution(
    x,
    graph.initialiser(
      `backbone.${convolutionName}.weight`,
      tensor('float32', weight.shape, folded),
    ),
    graph.initialiser(`backbone.${convolutionName}.bias`, tensor('float32', [bias.length], bias)),
    { stride, groups, padding },
  );
}

/**
 * A 1x1 convolution with bias.
 * @param x [batch, in, height, width]
 * @returns [batch, channels, height, width]
 * @throws WEIGHTS_INVALID
 */
export function pointConvolution(
  graph: Graph,
  weights: NetworkWeights,
  name: string,
  x: Value,
  channels: number,
): Value {
  const weight = readWeight(weights, `${name}.weight`, [channels, x.shape[1] as number, 1, 1]);
  const bias = readWeight(weights, `${name}.bias`, [channels]);
  return convolution(
    x,
    graph.initialiser(`backbone.${name}.weight`, weight),
    graph.initialiser(`backbone.${name}.bias`, bias),
  );
}
