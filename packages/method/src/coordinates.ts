import { add, reduceMean, tanh, type Value } from '@bigrid/graph';
import { learnedConvolution } from './layers.ts';
import type { ParameterSource } from './parameters.ts';

/** Where the grids are read: GRAD section "coordinates". */
export interface Coordinates {
  /** [batch, 2, height, width] in [-1, 1]: one point per cell. */
  readonly local: Value;
  /** [batch, 2, 1, 1] in [-1, 1]: one point per image. */
  readonly global: Value;
}

/**
 * Turns features into points: two layers with tanh, per cell for the local grid, on the mean over space for
 * the global one.
 * @param features [batch, channels, height, width], standardised
 * @param jitter [batch, 2, height, width] added to the local points in training
 */
export function coordinates(
  parameters: ParameterSource,
  name: string,
  features: Value,
  jitter?: Value,
): Coordinates {
  const channels = features.shape[1] as number;
  const point = (part: string, x: Value) =>
    tanh(
      learnedConvolution(
        parameters,
        `${name}.${part}.1`,
        tanh(learnedConvolution(parameters, `${name}.${part}.0`, x, channels)),
        2,
      ),
    );
  const local = point('local', features);
  return {
    local: jitter ? add(local, jitter) : local,
    global: point('global', reduceMean(features, { axes: [2, 3] })),
  };
}
