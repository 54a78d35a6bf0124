import { add, mul, type Value } from '@bigrid/graph';
import { constantInitialiser, type ParameterSource } from './parameters.ts';

/**
 * normal + w * abnormal with a learned weight w that starts at -0.2: the form of the published code. (The text has
 * lambda * normal + (1 - lambda) * abnormal with a lambda that it does not give.)
 * @param normal [batch, channels, height, width]
 * @param abnormal [batch, channels, height, width]
 */
export function fuse(parameters: ParameterSource, normal: Value, abnormal: Value): Value {
  const weight = parameters.get({
    name: 'fusion.weight',
    shape: [],
    kind: 'weight',
    initialise: constantInitialiser(-0.2),
  });
  return add(normal, mul(weight, abnormal));
}

/**
 * The mean of two reconstructions of the same features: the text's lambda * normal + (1 - lambda) * abnormal with
 * lambda = 1/2, for two grids that both learned to reconstruct clean features.
 */
export function average(normal: Value, abnormal: Value): Value {
  return mul(add(normal, abnormal), 0.5);
}
