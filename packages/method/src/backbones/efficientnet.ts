import { fail } from '@bigrid/errors';
import { type Graph, mul, reduceMean, sigmoid, silu, type Tensor, type Value } from '@bigrid/graph';
import { type Backbone, COARSEST_STRIDE, imageNet } from './backbone.ts';
import { type NetworkWeights, pointConvolution } from './folded-convolution.ts';
import {
  efficientNetStages,
  type MobileBlock,
  type MobileNetwork,
  mobileTaps,
} from './mobile-network.ts';

/** [width, depth] of each variant, as multiples of the smallest (Tan & Le 2019). */
const multipliers = {
  tf_efficientnet_b0: [1, 1],
  tf_efficientnet_b1: [1, 1.1],
  tf_efficientnet_b2: [1.1, 1.2],
  tf_efficientnet_b3: [1.2, 1.4],
  tf_efficientnet_b4: [1.4, 1.8],
  tf_efficientnet_b5: [1.6, 2.2],
  tf_efficientnet_b6: [1.8, 2.6],
  tf_efficientnet_b7: [2, 3.1],
} as const;

/** A variant by timm's name for it. */
export type EfficientNetVariant = keyof typeof multipliers;

export const efficientNetVariants = Object.keys(multipliers) as readonly EfficientNetVariant[];

/** Stem channels where the width is 1. */
const STEM_CHANNELS = 32;
/** The squeeze of a block, as a share of the block's input channels. */
const SQUEEZE_SHARE = 0.25;

/** Widths are multiples of 8, and never less than 90 % of the requested width. */
function scaledChannels(channels: number, width: number): number {
  const scaled = channels * width;
  const rounded = Math.max(8, Math.floor((scaled + 4) / 8) * 8);
  return rounded < 0.9 * scaled ? rounded + 8 : rounded;
}

interface Stage {
  readonly repeats: number;
  readonly kernel: number;
  readonly stride: number;
  readonly expansion: number;
  readonly channels: number;
}

function stagesOf(variant: EfficientNetVariant): Stage[] {
  const [width, depth] = multipliers[variant];
  return efficientNetStages.map(([repeats, kernel, stride, expansion, channels]) => ({
    repeats: Math.ceil(repeats * depth),
    kernel,
    stride,
    expansion,
    channels: scaledChannels(channels, width),
  }));
}

function stemOf(variant: EfficientNetVariant): number {
  return scaledChannels(STEM_CHANNELS, multipliers[variant][0]);
}

/** All blocks of a variant, starting at the image, with timm's names. */
function blocksOf(variant: EfficientNetVariant): MobileBlock[] {
  let input = stemOf(variant);
  return stagesOf(variant).flatMap(({ repeats, stride, ...stage }, at) =>
    Array.from({ length: repeats }, (_, repeat) => {
      const prefix = `blocks.${at}.${repeat}`;
      const block: MobileBlock = {
        ...stage,
        stride: repeat === 0 ? stride : 1,
        names: namesIn(prefix, stage.expansion !== 1),
        excitation: { name: `${prefix}.se`, channels: Math.round(input * SQUEEZE_SHARE) },
      };
      input = stage.channels;
      return block;
    }),
  );
}

/** Norms are numbered in order; the blocks of the first stage have no expansion. */
function namesIn(prefix: string, expands: boolean): MobileBlock['names'] {
  const layer = (convolution: string, norm: string) =>
    [`${prefix}.${convolution}`, `${prefix}.${norm}`] as const;
  return expands
    ? {
        expand: layer('conv_pw', 'bn1'),
        depthwise: layer('conv_dw', 'bn2'),
        project: layer('conv_pwl', 'bn3'),
      }
    : {
        expand: undefined,
        depthwise: layer('conv_dw', 'bn1'),
        project: layer('conv_pw', 'bn2'),
      };
}

/**
 * The last blocks at the given strides, as taps: features are richest there at each resolution. B6 at strides 8 and
 * 16 gives [14, 30], of 72 and 200 channels.
 * @param strides pixels of the image per cell: 2, 4, 8, 16 or 32
 * @throws OPTION_INVALID for any other stride
 */
export function lastBlocksAtStrides(
  variant: EfficientNetVariant,
  strides: readonly number[],
): number[] {
  const lastAt = new Map<number, number>();
  let reached = 2;
  blocksOf(variant).forEach(({ stride }, index) => {
    reached *= stride;
    lastAt.set(reached, index);
  });
  return strides.map(
    (stride) =>
      lastAt.get(stride) ??
      fail(
        'OPTION_INVALID',
        `Expected a stride among ${[...lastAt.keys()].join(', ')} for the blocks of ${variant} but received ${stride}`,
      ),
  );
}

/** x times sigmoid(expand(silu(reduce(mean of x over space)))), a channel at a time (Hu et al. 2018). */
function squeezeAndExcite(weights: NetworkWeights): NonNullable<MobileNetwork['excite']> {
  return (graph: Graph, x: Value, name: string, channels: number) => {
    const mean = reduceMean(x, { axes: [2, 3] });
    const reduced = pointConvolution(graph, weights, `${name}.conv_reduce`, mean, channels);
    const wide = x.shape[1] as number;
    const expanded = pointConvolution(graph, weights, `${name}.conv_expand`, silu(reduced), wide);
    return mul(x, sigmoid(expanded));
  };
}

/**
 * EfficientNet B0 to B7 (Tan & Le 2019) as ported from TensorFlow: SiLU, squeeze-and-excitation, SAME padding,
 * batch norms with epsilon 1e-3 folded into the convolutions, up to the last tap. A tap is the output of a
 * block, after the residual add, numbered starting at the image.
 *
 * Images are normalised by the mean and deviation of ImageNet, as the weights `aa_in1k`, `in1k` and `ns_jft_in1k`
 * of timm expect; those of AdvProp (`ap_in1k`) were trained on images in [-1, 1] instead.
 * @param weights tensors by timm's names for `tf_efficientnet_b0` to `b7`
 * @param variant default: found from the weights
 * @throws WEIGHTS_INVALID if the weights match no variant, or a tensor is missing or has another type or
 *   shape (from `taps`); OPTION_INVALID from `taps` for an unknown block
 */
export function efficientNet(
  weights: ReadonlyMap<string, Tensor>,
  variant: EfficientNetVariant = variantOf(weights),
): Backbone {
  const source: NetworkWeights = { network: variant, tensors: weights, batchNormEpsilon: 1e-3 };
  const network: MobileNetwork = {
    weights: source,
    stem: { channels: stemOf(variant), names: ['conv_stem', 'bn1'] },
    blocks: blocksOf(variant),
    activation: silu,
    excite: squeezeAndExcite(source),
  };
  return {
    name: variant,
    licence: 'Apache-2.0',
    ...imageNet,
    stride: COARSEST_STRIDE,
    tapCount: network.blocks.length,
    defaultTaps: lastBlocksAtStrides(variant, [8, 16]),
    taps: (image, wanted) => mobileTaps(network, image, wanted),
  };
}

/** The variant of the weights, identified by the blocks per stage and the final width. @throws WEIGHTS_INVALID */
function variantOf(weights: ReadonlyMap<string, Tensor>): EfficientNetVariant {
  const repeats = efficientNetStages.map((_, stage) => {
    let count = 0;
    while (weights.has(`blocks.${stage}.${count}.conv_dw.weight`)) count++;
    return count;
  });
  const width = weights.get('blocks.6.0.conv_pwl.weight')?.shape[0];
  const found = efficientNetVariants.find((variant) => {
    const stages = stagesOf(variant);
    return (
      stages.at(-1)?.channels === width &&
      stages.every((stage, at) => stage.repeats === repeats[at])
    );
  });
  return (
    found ??
    fail(
      'WEIGHTS_INVALID',
      `Expected the weights of one of tf_efficientnet_b0 to b7 for the backbone but received stages of ${repeats.join(', ')} blocks that end with ${width ?? 'no'} channels`,
    )
  );
}
