import { fail } from '@bigrid/errors';
import {
  cast,
  div,
  float32,
  greater,
  maximum,
  mul,
  neg,
  reduceMax,
  reduceMean,
  reduceSum,
  relu,
  reshape,
  sliceAt,
  sqrt,
  square,
  sub,
  type Tensor,
  type Value,
} from '@bigrid/graph';
import type { ParameterValues } from './parameters.ts';

/** The errors of a picture's cells as two measures, [1, 1, cells, cells] each: what the map and the score are made of. */
export interface CellErrors {
  readonly forMap: Value;
  readonly forScore: Value;
}

/**
 * What the errors of good pictures come to, measured after training, one row a kind of picture: what stands at a place
 * decides how well it can be rebuilt, and one edge of a good part may leave more than a scratch elsewhere.
 */
export const EXPECTED = {
  /** Mean of the standardised features over the cells of a kind's pictures: [kinds, channels]; not in a bundle of one kind. */
  prototypes: 'expected.prototypes',
  /** Mean square of the error for the map, a cell: [kinds, cells * cells]. */
  energy: 'expected.energy',
  /** Mean of the error for the score, a cell. */
  mean: 'expected.mean',
  /** Its deviation, and as much again as its average over the cells: what hardly ever moves must not outshout the rest. */
  deviation: 'expected.deviation',
  /**
   * Directions in which a kind's pictures vary as a whole, [kinds, count, width]; not in a bundle whose
   * pictures are few, or of many kinds.
   */
  components: 'expected.components',
} as const;

/**
 * How much of the expected energy is taken from the map. A defect may take the place of what was hard to rebuild, so that
 * less of the error than all of it has another cause: docs/results.md has the figures.
 */
const ENERGY_SHARE = 0.75;
/** Least energy that is left of a cell, as a share of what is expected on average: a map has no cell without a value. */
const LEAST_ENERGY = 0.01;

/** Takes what is of a picture's kind, [1, ...], from [kinds, ...]. */
export type OfKind = (rows: Value) => Value;

/**
 * Errors beyond what is expected at each place of a picture of its kind. For the map, as energies, so that large errors
 * stay as they are: sqrt(error^2 - 3/4 energy). For the score, in deviations: (error - mean) / deviation, 0 where it is less.
 * @param parameters with those of {@link EXPECTED}
 * @throws BUNDLE_INVALID where one is missing
 */
export function beyondExpected(
  { forMap, forScore }: CellErrors,
  ofKind: OfKind,
  parameters: ParameterValues,
): CellErrors {
  const { graph } = forMap;
  return graph.scope('expectation', () => {
    const at = (name: string) =>
      reshape(ofKind(graph.initialiser(name, required(parameters, name))), forMap.shape);
    const energies = required(parameters, EXPECTED.energy).data;
    const least = (LEAST_ENERGY * energies.reduce((a, b) => a + b, 0)) / energies.length;
    return {
      forMap: sqrt(maximum(sub(square(forMap), mul(at(EXPECTED.energy), ENERGY_SHARE)), least)),
      forScore: relu(div(sub(forScore, at(EXPECTED.mean)), at(EXPECTED.deviation))),
    };
  });
}

/**
 * No label says of which kind a picture is: the nearest prototype does, the first of those that are as near.
 * @param features [1, channels, cells, cells], standardised
 * @throws BUNDLE_INVALID where there are kinds but no prototypes
 */
export function nearestKind(features: Value, parameters: ParameterValues): OfKind {
  const [kinds] = required(parameters, EXPECTED.energy).shape as [number];
  if (kinds === 1) return (rows) => rows;
  const { graph } = features;
  const kind = graph.scope('expectation', () => {
    const values = required(parameters, EXPECTED.prototypes);
    const prototypes = graph.initialiser(EXPECTED.prototypes, values);
    const pooled = reshape(reduceMean(features, { axes: [2, 3] }), [1, values.shape[1] as number]);
    const distance = reduceSum(square(sub(prototypes, pooled)), { axes: [1] });
    const isFurther = cast(greater(distance, neg(reduceMax(neg(distance)))), 'float32');
    const fromLast = graph.constant(float32([kinds, 1], [...Array(kinds).keys()].reverse()));
    const first = sub(kinds - 1, reduceMax(mul(sub(1, isFurther), fromLast)));
    return reshape(cast(first, 'int64'), [1]);
  });
  return (rows) => sliceAt(rows, [0], kind, [1]);
}

function required(parameters: ParameterValues, name: string): Tensor<'float32'> {
  return (
    parameters.get(name) ??
    fail('BUNDLE_INVALID', `Expected a tensor ${name} in the bundle but received none`)
  );
}
