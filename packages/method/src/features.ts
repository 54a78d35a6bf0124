import {
  averagePool,
  cast,
  concat,
  div,
  float32,
  type Graph,
  resize,
  resizePlanes,
  sub,
  type Tensor,
  transpose,
  type Value,
} from '@bigrid/graph';
import type { Backbone } from './backbones/backbone.ts';
import { evenedOut } from './light.ts';
import type { MethodOptions } from './options.ts';

/** The taps that features are made of, in order. */
export interface Taps {
  /** Channels of each tap. */
  readonly tapChannels: readonly number[];
  /** Cells along one side of each tap's own output, if they divide `cells`; otherwise `cells`. */
  readonly tapCells: readonly number[];
}

/** The features of one image. */
export interface Features extends Taps {
  /** [1, channels, cells, cells] */
  readonly value: Value;
}

/**
 * From an image to its features: antialiased resize to `inputSize`, even light, normalisation, backbone; each tap resized to
 * `cells` x `cells`, averaged over its neighbourhood, and concatenated.
 * @param image [1, height, width, 3] uint8 RGB of any size
 * @param light from {@link LIGHT}: evens out the light of the image
 */
export function features(
  graph: Graph,
  image: Value,
  backbone: Backbone,
  options: MethodOptions,
  light?: Tensor<'float32'>,
): Features {
  const { inputSize, cells, pooling, taps } = options;
  const perChannel = (values: readonly number[]) => graph.constant(float32([1, 3, 1, 1], values));
  const normalised = graph.scope('preprocessing', () => {
    const [, height, width] = image.shape;
    const sized =
      height === inputSize && width === inputSize
        ? image
        : resize(image, [inputSize, inputSize], 'nhwc', true);
    // Channels first: the engine takes ten times as long with a constant that varies along the last axis.
    const planes = cast(transpose(sized, [0, 3, 1, 2]), 'float32');
    const lit = light ? evenedOut(planes, light) : planes;
    return div(sub(lit, perChannel(backbone.mean)), perChannel(backbone.deviation));
  });
  const tapped = graph.scope('backbone', () => backbone.taps(normalised, taps));
  return graph.scope('features', () => ({
    value: concat(
      tapped.map((tap) => {
        const sized = tap.shape[2] === cells ? tap : resizePlanes(tap, [cells, cells]);
        return pooling > 1 ? averagePool(sized, pooling) : sized;
      }),
      1,
    ),
    tapChannels: tapped.map((tap) => tap.shape[1] as number),
    tapCells: tapped.map(({ shape: [, , height, width] }) =>
      height === width && cells % Number(height) === 0 ? Number(height) : cells,
    ),
  }));
}
