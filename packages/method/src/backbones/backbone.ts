import { fail } from '@bigrid/errors';
import type { Value } from '@bigrid/graph';

/** Where a backbone is tapped: the number of a block, or a name. */
export type Tap = number | string;

/** A frozen network whose inner activations describe an image. */
export interface Backbone {
  readonly name: string;
  readonly licence: string;
  /** Normalisation of 0..255 RGB: (value - mean) / deviation. */
  readonly mean: readonly [number, number, number];
  readonly deviation: readonly [number, number, number];
  /** What the side of an image has to be a multiple of, in pixels. */
  readonly stride: number;
  /** Number of taps. If they are numbered: 0 .. tapCount - 1, starting at the image. */
  readonly tapCount: number;
  /** The default taps; undefined if they have to be given. */
  readonly defaultTaps?: readonly Tap[];
  /**
   * Emits the network up to the last tap.
   * @param image [batch, 3, size, size], normalised
   * @returns one value per tap, [batch, channels, size / stride, size / stride]
   * @throws OPTION_INVALID for an unknown tap; WEIGHTS_INVALID
   */
  taps(image: Value, wanted: readonly Tap[]): Value[];
}

/** Mean and deviation of ImageNet, which most backbones were trained with: the usual values times 255. */
export const imageNet = {
  mean: [123.675, 116.28, 103.53],
  deviation: [58.395, 57.12, 57.375],
} as const;

/** The coarsest stride of a convolutional network. */
export const COARSEST_STRIDE = 32;

/** The taps of a backbone that numbers them. @throws OPTION_INVALID */
export function numberedTaps(network: string, count: number, wanted: readonly Tap[]): number[] {
  return wanted.map((tap) =>
    typeof tap === 'number' && tap < count
      ? tap
      : fail(
          'OPTION_INVALID',
          `Expected taps from 0 to ${count - 1} for ${network} but received ${tap}`,
        ),
  );
}
