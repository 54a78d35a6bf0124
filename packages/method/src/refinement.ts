import {
  add,
  cast,
  div,
  less,
  mul,
  reduceMean,
  reduceSum,
  sqrt,
  square,
  sub,
  type Value,
} from '@bigrid/graph';

/** The published threshold k on a cell's mean squared error. */
const errorLimit = 10;

/**
 * Feature refinement: cells that look well explained are pulled to the input, so that their error shrinks further.
 *
 *     Sim = 0.3 * 1[mse < k] + 0.7 * cos        rec' = Sim * feature + (1 - Sim) * rec
 *
 * both per cell between feature and reconstruction.
 * @param features [batch, channels, height, width]
 * @param reconstruction the same shape
 * @returns rec', the same shape
 */
export function refine(features: Value, reconstruction: Value): Value {
  const { graph } = features;
  return graph.scope('refinement', () => {
    const overChannels = { axes: [1] };
    const close = cast(
      less(reduceMean(square(sub(features, reconstruction)), overChannels), errorLimit),
      'float32',
    );
    const product = reduceSum(mul(features, reconstruction), overChannels);
    const lengths = sqrt(
      mul(
        reduceSum(square(features), overChannels),
        reduceSum(square(reconstruction), overChannels),
      ),
    );
    const cosine = div(product, add(lengths, 1e-8));
    const similarity = add(mul(close, 0.3), mul(cosine, 0.7));
    return add(mul(similarity, features), mul(sub(1, similarity), reconstruction));
  });
}
