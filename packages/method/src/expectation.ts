import { fail } from '@bigrid/errors';
import {
  add,
  cast,
  div,
  float32,
  greater,
  log,
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
import { sumOverChannels } from './channels.ts';
import type { ParameterValues } from './parameters.ts';

/** What a reconstruction leaves of an image's cells. */
export interface CellErrors {
  /** Squared error of each tap, of which the map is made: [1, taps, cells, cells] */
  readonly energies: Value;
  /** Of which the score is made: [1, 1, cells, cells] */
  readonly forScore: Value;
}

/**
 * What the errors of good images come to, measured after training, one row a kind of image: what stands at a place
 * decides how well it can be rebuilt, and one edge of a good part may leave more than a scratch elsewhere.
 */
export const EXPECTED = {
  /** Mean of the standardised features over the cells of a kind's images: [kinds, channels]; not in a bundle of one kind. */
  prototypes: 'expected.prototypes',
  /** Mean of the squared error of each tap, a cell: [kinds, taps * cells * cells]. */
  energy: 'expected.energy',
  /** Mean of the error for the score, a cell: [kinds, cells * cells]. */
  mean: 'expected.mean',
  /** Its deviation, and as much again as its average over the cells: what hardly ever moves must not outshout the rest. */
  deviation: 'expected.deviation',
  /**
   * Directions in which a kind's images vary as a whole, [kinds, count, width]; not in a bundle whose
   * images are few, or of many kinds.
   */
  components: 'expected.components',
} as const;

/** Least that is left of a tap's energy, as a share of what is expected on average: a map has no cell without a value. */
const LEAST_BEYOND = 0.01;
/** Images that are all the same leave nothing to measure by. */
const LEAST_AVERAGE = 1e-12;

/** Takes what is of an image's kind, [1, ...], from [kinds, ...]. */
export type OfKind = (rows: Value) => Value;

/**
 * Errors beyond what is expected at each place of an image of its kind, [1, 1, cells, cells] each. For the map
 *
 *     root of the sum over taps t of log(1 + (energy_t - expected_t) / average)
 *
 * the average being that of the expected energies over places and taps. Up to the root it is the evidence that a
 * heavy-tailed distribution (Student's) of a tap's errors gives: twice as large an error of one tap says little more, a
 * second tap that errs says as much again. A defect shows in all taps; cells around it, which merely see it, in the deep
 * ones. For the score, in deviations: (error - mean) / deviation, 0 where it is less.
 * @param parameters with those of {@link EXPECTED}
 * @throws BUNDLE_INVALID where one is missing
 */
export function beyondExpected(
  { energies, forScore }: CellErrors,
  ofKind: OfKind,
  parameters: ParameterValues,
): { forMap: Value; forScore: Value } {
  const { graph } = energies;
  return graph.scope('expectation', () => {
    const like = (value: Value, name: string) =>
      reshape(ofKind(graph.initialiser(name, required(parameters, name))), value.shape);
    const expected = like(energies, EXPECTED.energy);
    const average = maximum(reduceMean(expected), LEAST_AVERAGE);
    const beyond = maximum(div(sub(energies, expected), average), LEAST_BEYOND);
    const inDeviations = div(
      sub(forScore, like(forScore, EXPECTED.mean)),
      like(forScore, EXPECTED.deviation),
    );
    return { forMap: sqrt(sumOverChannels(log(add(beyond, 1)))), forScore: relu(inDeviations) };
  });
}

/**
 * No label says of which kind an image is: the nearest prototype does, the first of those that are as near.
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
