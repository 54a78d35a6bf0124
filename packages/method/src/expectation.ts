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

/** The reconstruction errors of an image's cells. */
export interface CellErrors {
  /** Squared error of each tap, for the map: [1, taps, cells, cells] */
  readonly energies: Value;
  /** For the score: [1, 1, cells, cells] */
  readonly forScore: Value;
}

/**
 * The typical errors of good images, measured after training, one row per kind of image: how well a place can be
 * reconstructed depends on what is there, and an edge of a good part may leave a larger error than a scratch elsewhere.
 */
export const EXPECTED = {
  /** Mean of the standardised features over the cells of a kind's images: [kinds, channels]; absent if there is one kind. */
  prototypes: 'expected.prototypes',
  /** Mean squared error of each tap, per cell: [kinds, taps * cells * cells]. */
  energy: 'expected.energy',
  /** Mean error for the score, per cell: [kinds, cells * cells]. */
  mean: 'expected.mean',
  /** Its deviation plus the average deviation over the cells, so that cells that hardly vary do not dominate. */
  deviation: 'expected.deviation',
  /**
   * Directions in which a kind's images vary as a whole, [kinds, count, width]; absent if there are few
   * images, or many kinds.
   */
  components: 'expected.components',
} as const;

/** Lower bound of a tap's energy, as a share of the average expected one, so that every cell has a value. */
const LEAST_BEYOND = 0.01;
/** Identical images have no errors to compare with. */
const LEAST_AVERAGE = 1e-12;

/** Selects the row of an image's kind, [1, ...], from [kinds, ...]. */
export type OfKind = (rows: Value) => Value;

/**
 * Errors beyond those expected at each place for the image's kind, [1, 1, cells, cells] each. For the map
 *
 *     root of the sum over taps t of log(1 + (energy_t - expected_t) / average)
 *
 * where average is that of the expected energies over places and taps. Before the root it is the log-likelihood under a
 * heavy-tailed (Student's t) distribution of each tap's errors: doubling the error of one tap adds little, while a second tap
 * with an error counts as much as the first. A defect shows in all taps; cells around it, in whose receptive field it lies,
 * only in the deep ones. For the score, in deviations: max(0, (error - mean) / deviation).
 * @param parameters with those of {@link EXPECTED}
 * @throws BUNDLE_INVALID if one is missing
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

/** The kind of an image. */
export interface Kind {
  readonly ofKind: OfKind;
  /** Mean of the standardised features of its images, [1, channels, 1, 1]; undefined if there is one kind, whose mean is 0. */
  readonly mean: Value | undefined;
}

/**
 * The kind of an image, for which there is no label: that of the nearest prototype, the first one on ties.
 * @param features [1, channels, cells, cells], standardised
 * @throws BUNDLE_INVALID if there are kinds but no prototypes
 */
export function nearestKind(features: Value, parameters: ParameterValues): Kind {
  const rows = parameters.get(EXPECTED.prototypes) ?? parameters.get(EXPECTED.energy);
  const kinds = rows?.shape[0] ?? 1;
  if (kinds === 1) return { ofKind: (rows) => rows, mean: undefined };
  const { graph } = features;
  return graph.scope('expectation', () => {
    const values = required(parameters, EXPECTED.prototypes);
    const prototypes = graph.initialiser(EXPECTED.prototypes, values);
    const ofKind = nearestRow(prototypes, reduceMean(features, { axes: [2, 3] }));
    return { ofKind, mean: reshape(ofKind(prototypes), [1, -1, 1, 1]) };
  });
}

/**
 * Selects the row that is nearest to a point, the first one on ties.
 * @param rows [count, width]
 * @param point width elements
 */
export function nearestRow(rows: Value, point: Value): OfKind {
  const [count, width] = rows.shape as [number, number];
  if (count === 1) return (rows) => rows;
  const distance = reduceSum(square(sub(rows, reshape(point, [1, width]))), { axes: [1] });
  const isFurther = cast(greater(distance, neg(reduceMax(neg(distance)))), 'float32');
  const fromLast = rows.graph.constant(float32([count, 1], [...Array(count).keys()].reverse()));
  const first = sub(count - 1, reduceMax(mul(sub(1, isFurther), fromLast)));
  const index = reshape(cast(first, 'int64'), [1]);
  return (rows) => sliceAt(rows, [0], index, [1]);
}

export function required(parameters: ParameterValues, name: string): Tensor<'float32'> {
  return (
    parameters.get(name) ??
    fail('BUNDLE_INVALID', `Expected a tensor ${name} in the bundle but received none`)
  );
}
