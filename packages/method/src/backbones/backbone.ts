import type { Value } from '@bigrid/graph';

/** A frozen network whose inner activations describe a picture. */
export interface Backbone {
  readonly name: string;
  readonly licence: string;
  /** Normalisation of 0..255 RGB: (value - mean) / deviation. */
  readonly mean: readonly [number, number, number];
  readonly deviation: readonly [number, number, number];
  /** Taps are numbered 0 .. tapCount - 1, from the picture on. */
  readonly tapCount: number;
  /**
   * Emits the network, cut after the last tap wanted.
   * @param image [batch, 3, size, size], normalised
   * @returns one value a tap, [batch, channels, size / stride, size / stride]
   */
  taps(image: Value, wanted: readonly number[]): Value[];
}
