import { fail } from '@bigrid/errors';
import {
  cast,
  div,
  type Graph,
  greater,
  maximum,
  mul,
  neg,
  reduceMax,
  reduceMean,
  reduceSum,
  relu,
  reshape,
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
} as const;

/**
 * How much of the expected energy is taken from the map. A defect may take the place of what was hard to rebuild, so that
 * less of the error than all of it has another cause: docs/results.md has the figures.
 */
const ENERGY_SHARE = 0.5;
/** Least energy that is left of a cell, as a share of what is expected on average: a map has no cell without a value. */
const LEAST_ENERGY = 0.01;

/**
 * Errors beyond what is expected at each place of a picture of its kind. For the map, as energies, so that large errors
 * stay as they are: sqrt(error^2 - energy / 2). For the score, in deviations: (error - mean) / deviation, 0 where it is less.
 * No label says of which kind a picture is: the nearest prototype does.
 * @param features [1, channels, cells, cells], standardised
 * @param parameters with those of {@link EXPECTED}
 * @throws BUNDLE_INVALID where one is missing
 */
export function beyondExpected(
  { forMap, forScore }: CellErrors,
  features: Value,
  parameters: ParameterValues,
): CellErrors {
  const { graph } = features;
  return graph.scope('expectation', () => {
    const choose = nearestKind(graph, features, parameters);
    const at = (name: string) =>
      reshape(choose(initialiser(graph, parameters, name)), forMap.shape);
    const energies = required(parameters, EXPECTED.energy).data;
    const least = (LEAST_ENERGY * energies.reduce((a, b) => a + b, 0)) / energies.length;
    return {
      forMap: sqrt(maximum(sub(square(forMap), mul(at(EXPECTED.energy), ENERGY_SHARE)), least)),
      forScore: relu(div(sub(forScore, at(EXPECTED.mean)), at(EXPECTED.deviation))),
    };
  });
}

/** Picks the row of the nearest prototype, [1, columns], from [kinds, columns]; the mean of rows that are as near. */
function nearestKind(graph: Graph, features: Value, parameters: ParameterValues) {
  const [kinds] = required(parameters, EXPECTED.energy).shape;
  if (kinds === 1) return (rows: Value) => rows;
  const prototypes = initialiser(graph, parameters, EXPECTED.prototypes);
  const channels = prototypes.shape[1] as number;
  const pooled = reshape(reduceMean(features, { axes: [2, 3] }), [1, channels]);
  const distance = reduceSum(square(sub(prototypes, pooled)), { axes: [1] });
  const isFurther = cast(greater(distance, neg(reduceMax(neg(distance)))), 'float32');
  const isNearest = sub(1, isFurther);
  const share = div(isNearest, reduceSum(isNearest));
  return (rows: Value) => reduceSum(mul(rows, share), { axes: [0] });
}

function initialiser(graph: Graph, parameters: ParameterValues, name: string): Value {
  return graph.initialiser(name, required(parameters, name));
}

function required(parameters: ParameterValues, name: string): Tensor<'float32'> {
  return (
    parameters.get(name) ??
    fail('BUNDLE_INVALID', `Expected a tensor ${name} in the bundle but received none`)
  );
}
