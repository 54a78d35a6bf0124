import { fail } from '@bigrid/errors';
import { add, maxPool, relu, type Tensor, type Value } from '@bigrid/graph';
import { type Backbone, COARSEST_STRIDE, imageNet, type Tap } from './backbone.ts';
import {
  type ConvolutionShape,
  foldedConvolution,
  type NetworkWeights,
} from './folded-convolution.ts';

/** Channels of each layer inside a bottleneck, at the standard width. */
const layerChannels = [64, 128, 256, 512] as const;
const layerNames = layerChannels.map((_, index) => `layer${index + 1}`);
/** Output channels of a bottleneck as a multiple of its layer's channels. */
const BOTTLENECK_EXPANSION = 4;

interface Variant {
  readonly blocks: readonly number[];
  readonly bottleneck: boolean;
  /** Channels inside a bottleneck, as a multiple of the standard width. */
  readonly widening: number;
}

const variants = {
  resnet18: { blocks: [2, 2, 2, 2], bottleneck: false, widening: 1 },
  resnet34: { blocks: [3, 4, 6, 3], bottleneck: false, widening: 1 },
  resnet50: { blocks: [3, 4, 6, 3], bottleneck: true, widening: 1 },
  resnet101: { blocks: [3, 4, 23, 3], bottleneck: true, widening: 1 },
  wide_resnet50_2: { blocks: [3, 4, 6, 3], bottleneck: true, widening: 2 },
  wide_resnet101_2: { blocks: [3, 4, 23, 3], bottleneck: true, widening: 2 },
} as const satisfies Record<string, Variant>;

/** A variant by torchvision's and timm's name for it. */
export type ResNetVariant = keyof typeof variants;

export const resNetVariants = Object.keys(variants) as readonly ResNetVariant[];

/**
 * ResNet (He et al. 2016, with the stride of a bottleneck on its 3 x 3 convolution) and WideResNet (Zagoruyko &
 * Komodakis 2016), batch norms folded into the convolutions, up to the last tap. Taps are the outputs of the
 * layers, `layer1` to `layer4`, at strides 4, 8, 16 and 32.
 * @param weights tensors by the names of torchvision and timm; the variant is found from them
 * @throws WEIGHTS_INVALID if the weights match no variant, or a tensor is missing or has another type or
 *   shape (from `taps`); OPTION_INVALID from `taps` for an unknown layer
 */
export function resNet(weights: ReadonlyMap<string, Tensor>): Backbone {
  const name = variantOf(weights);
  const source: NetworkWeights = { network: name, tensors: weights, batchNormEpsilon: 1e-5 };
  return {
    name,
    // Weights do not state which normalisation they were trained with.
    licence: 'unknown',
    ...imageNet,
    stride: COARSEST_STRIDE,
    tapCount: layerNames.length,
    defaultTaps: ['layer1', 'layer2', 'layer3'],
    taps: (image, wanted) => layers(source, variants[name], image, wanted),
  };
}

function layers(
  weights: NetworkWeights,
  variant: Variant,
  image: Value,
  wanted: readonly Tap[],
): Value[] {
  const indices = wanted.map((tap) => {
    const index = layerNames.indexOf(String(tap));
    if (index >= 0) return index;
    return fail(
      'OPTION_INVALID',
      `Expected taps among ${layerNames.join(', ')} for ${weights.network} but received ${tap}`,
    );
  });
  const stem = { channels: 64, kernel: 7, stride: 2, padding: 3 };
  let x = maxPool(
    relu(foldedConvolution(image.graph, weights, 'conv1', 'bn1', image, stem)),
    3,
    2,
    1,
  );
  const outputs = layerNames.slice(0, Math.max(...indices) + 1).map((layer, index) => {
    for (let block = 0; block < (variant.blocks[index] as number); block++) {
      const stride = index > 0 && block === 0 ? 2 : 1;
      const channels = layerChannels[index] as number;
      x = residualBlock(weights, variant, `${layer}.${block}`, x, channels, stride);
    }
    return x;
  });
  return indices.map((index) => outputs[index] as Value);
}

/** Two 3 x 3 convolutions, or 1 x 1 - 3 x 3 - 1 x 1, plus the input, projected if shapes differ. */
function residualBlock(
  weights: NetworkWeights,
  { bottleneck, widening }: Variant,
  name: string,
  input: Value,
  channels: number,
  stride: number,
): Value {
  const folded = (convolution: string, norm: string, x: Value, shape: ConvolutionShape) => {
    const padding = (shape.kernel - 1) / 2;
    return foldedConvolution(input.graph, weights, `${name}.${convolution}`, `${name}.${norm}`, x, {
      ...shape,
      padding,
    });
  };
  const inside = channels * widening;
  const out = bottleneck ? channels * BOTTLENECK_EXPANSION : channels;
  const shapes: ConvolutionShape[] = bottleneck
    ? [
        { channels: inside, kernel: 1 },
        { channels: inside, kernel: 3, stride },
        { channels: out, kernel: 1 },
      ]
    : [
        { channels, kernel: 3, stride },
        { channels, kernel: 3 },
      ];
  let x = input;
  for (const [index, shape] of shapes.entries()) {
    x = folded(`conv${index + 1}`, `bn${index + 1}`, x, shape);
    if (index < shapes.length - 1) x = relu(x);
  }
  const changes = stride !== 1 || input.shape[1] !== out;
  const shortcut = { channels: out, kernel: 1, stride };
  return relu(add(x, changes ? folded('downsample.0', 'downsample.1', input, shortcut) : input));
}

/** The variant of the weights, identified by the number, kind and width of blocks. @throws WEIGHTS_INVALID */
function variantOf(weights: ReadonlyMap<string, Tensor>): ResNetVariant {
  const blocks = layerNames.map((layer) => {
    let count = 0;
    while (weights.has(`${layer}.${count}.conv1.weight`)) count++;
    return count;
  });
  const bottleneck = weights.has('layer1.0.conv3.weight');
  const width = weights.get('layer1.0.conv1.weight')?.shape[0] ?? 0;
  const found = resNetVariants.find((name) => {
    const variant: Variant = variants[name];
    return (
      variant.bottleneck === bottleneck &&
      variant.widening * layerChannels[0] === width &&
      variant.blocks.join() === blocks.join()
    );
  });
  if (found) return found;
  return fail(
    'WEIGHTS_INVALID',
    `Expected the weights of one of ${resNetVariants.join(', ')} for the backbone but received layers of ${blocks.join(', ')} ${bottleneck ? 'bottleneck' : 'basic'} blocks, ${width} channels inside the first`,
  );
}
