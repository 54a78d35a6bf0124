import {
  clip,
  div,
  log,
  maximum,
  minimum,
  mul,
  reduceMean,
  reshape,
  type Tensor,
  type Value,
} from '@bigrid/graph';
import { nearestRow } from './expectation.ts';

/**
 * Mean of each channel over the pixels of good images, 0 to 255, a row per class: [classes, 3]. Only in models that even out light.
 */
export const LIGHT = 'light.references';

/** Range of the gains: what darkens or brightens an image further is not a matter of its lamp. */
const LEAST_GAIN = 0.7;
const MOST_GAIN = 1.4;
const WHITE = 255;

/**
 * Evens out the light of an image: brings the mean of each channel to that of good images, of the class whose light is
 * nearest. A brighter or warmer lamp multiplies every channel by a gain, which this divides out.
 * @param planes [1, 3, height, width], 0 to 255
 * @param references from {@link LIGHT}
 */
export function evenedOut(planes: Value, references: Tensor<'float32'>): Value {
  const { graph } = planes;
  return graph.scope('light', () => {
    const means = maximum(reduceMean(planes, { axes: [2, 3] }), 1);
    const known = graph.initialiser(LIGHT, references);
    const reference = nearestRow(log(known), log(means))(known);
    const gains = clip(div(reshape(reference, [1, 3, 1, 1]), means), LEAST_GAIN, MOST_GAIN);
    // A camera clips as well: what was white stays white.
    return minimum(mul(planes, gains), WHITE);
  });
}
