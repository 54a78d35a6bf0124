import { add, type Graph, type Value } from '@bigrid/graph';
import { numberedTaps, type Tap } from './backbone.ts';
import { foldedConvolution, type NetworkWeights } from './folded-convolution.ts';

/** Names of a convolution and its batch norm in the weights. */
type LayerNames = readonly [convolution: string, norm: string];

/** One MBConv block. */
export interface MobileBlock {
  readonly kernel: number;
  readonly stride: number;
  /** Inner width of the block as a multiple of its input width. */
  readonly expansion: number;
  readonly channels: number;
  readonly names: {
    /** Undefined if the block is not wider inside. */
    readonly expand: LayerNames | undefined;
    readonly depthwise: LayerNames;
    readonly project: LayerNames;
  };
  /** Squeeze-and-excitation: the prefix of its names and its number of squeezed channels. */
  readonly excitation?: { readonly name: string; readonly channels: number };
}

/** A stem and a chain of MBConv blocks: what the EfficientNets have in common. */
export interface MobileNetwork {
  readonly weights: NetworkWeights;
  readonly stem: { readonly channels: number; readonly names: LayerNames };
  readonly blocks: readonly MobileBlock[];
  activation(x: Value): Value;
  /** Squeeze-and-excitation of x, for blocks that have it. */
  excite?(graph: Graph, x: Value, name: string, channels: number): Value;
}

/** [repeats, kernel, stride, expansion, channels] of each stage of the EfficientNets at their smallest. */
export const efficientNetStages = [
  [1, 3, 1, 1, 16],
  [2, 3, 2, 6, 24],
  [2, 5, 2, 6, 40],
  [3, 3, 2, 6, 80],
  [3, 5, 1, 6, 112],
  [4, 5, 2, 6, 192],
  [1, 3, 1, 6, 320],
] as const;

/**
 * Emits the network up to the last tap. A tap is the output of a block, after the residual add.
 * @param image [batch, 3, height, width], normalised
 * @returns one value per tap, in the order of `wanted`
 * @throws WEIGHTS_INVALID, and OPTION_INVALID for an unknown block
 */
export function mobileTaps(network: MobileNetwork, image: Value, taps: readonly Tap[]): Value[] {
  const { graph } = image;
  const { blocks, stem, weights } = network;
  const wanted = numberedTaps(weights.network, blocks.length, taps);
  const last = Math.max(...wanted);
  const found = new Map<number, Value>();
  const shape = { channels: stem.channels, kernel: 3, stride: 2 };
  let x = network.activation(foldedConvolution(graph, weights, ...stem.names, image, shape));
  for (let index = 0; index <= last; index++) {
    x = mobileBlock(network, blocks[index] as MobileBlock, x);
    if (wanted.includes(index)) found.set(index, x);
  }
  return wanted.map((tap) => found.get(tap) as Value);
}

/** Expand 1x1 - depthwise - excite - project 1x1, plus the input where shapes allow (Sandler et al. 2018). */
function mobileBlock(network: MobileNetwork, block: MobileBlock, input: Value): Value {
  const { graph } = input;
  const { weights, activation } = network;
  const { kernel, stride, expansion, channels, names, excitation } = block;
  const wide = expansion * (input.shape[1] as number);
  let x = input;
  if (names.expand) {
    const shape = { channels: wide, kernel: 1 };
    x = activation(foldedConvolution(graph, weights, ...names.expand, x, shape));
  }
  const depthwise = { channels: wide, kernel, stride, groups: wide };
  x = activation(foldedConvolution(graph, weights, ...names.depthwise, x, depthwise));
  if (excitation && network.excite) {
    x = network.excite(graph, x, excitation.name, excitation.channels);
  }
  x = foldedConvolution(graph, weights, ...names.project, x, { channels, kernel: 1 });
  return stride === 1 && input.shape[1] === channels ? add(x, input) : x;
}
