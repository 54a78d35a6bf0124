import { add, cast, div, less, mul, sqrt, square, sub, type Value } from '@bigrid/graph';
import { sumOverChannels } from './channels.ts';

/** The published threshold k on a cell's mean squared error. */
const errorLimit = 10;

/**
 * Feature refinement: cells that are reconstructed well are pulled towards the input, so their error shrinks further.
 *
 *     Sim = 0.3 * 1[mse < k] + 0.7 * cos        rec' = Sim * feature + (1 - Sim) * rec
 *
 * both per cell between feature and reconstruction, as seen from the mean of the image's kind: features are standardised, so
 * that of a model for one kind is 0, as published; with several, all that is seen of one points the same way from 0, and the
 * cosine would be near 1 for any reconstruction. So feature - rec' = (1 - Sim) * (feature - rec): the length of a
 * cell's error, however its channels are weighted, is multiplied by 1 - Sim, and rec' itself is not needed.
 * @param features [batch, channels, height, width]
 * @param reconstruction the same shape
 * @param mean of the features of the kind, [1, channels, 1, 1]; default: 0
 * @returns 1 - Sim, [batch, 1, height, width], 0 to 1.7
 */
export function unexplainedShare(features: Value, reconstruction: Value, mean?: Value): Value {
  const { graph } = features;
  return graph.scope('refinement', () => {
    const channels = features.shape[1] as number;
    const error = sumOverChannels(square(sub(features, reconstruction)));
    const close = cast(less(error, errorLimit * channels), 'float32');
    const fromMean = (value: Value) => (mean ? sub(value, mean) : value);
    const [a, b] = [fromMean(features), fromMean(reconstruction)];
    const product = sumOverChannels(mul(a, b));
    const lengths = sqrt(mul(sumOverChannels(square(a)), sumOverChannels(square(b))));
    const cosine = div(product, add(lengths, 1e-8));
    return sub(1, add(mul(close, 0.3), mul(cosine, 0.7)));
  });
}
