import {
  add,
  cast,
  div,
  float32,
  Graph,
  matMul,
  maximum,
  minimum,
  mul,
  reduceSum,
  relu,
  reshape,
  slice,
  sqrt,
  square,
  sub,
  type Tensor,
  tensor,
  transpose,
  type Value,
} from '@bigrid/graph';
import { type OfKind, required } from './expectation.ts';
import type { MethodOptions } from './options.ts';
import type { ParameterValues } from './parameters.ts';
import { roundedRows } from './rounded-rows.ts';
import { type FeatureStatistics, featuresInput } from './training-step.ts';
import { packedShape, packTriangles, transposedTriangles, unpackTriangles } from './triangles.ts';

/**
 * The normal grid of a product that lies still: at each place, a square of a few cells, a Gaussian of the features of good
 * images (the idea of PaDiM, Defard et al. 2021, arXiv 2011.08785). It knows which combinations of features occur at a place; the
 * restoring grid knows what usually lies among what.
 */
export const GAUSSIANS = {
  /** From the standardised features of a cell to the space of the Gaussians: [kinds, width, channels]. */
  metric: 'gaussians.metric',
  /** [kinds, places, width] */
  means: 'gaussians.means',
  /**
   * Inverse of the lower Cholesky factor of each covariance: here the directions of its rows, stored with 8 bits per number, packed
   * by {@link packTriangles}: [kinds, pairs of places, width, width + 1].
   */
  directions: 'gaussians.directions',
  /** Lengths of these rows: [kinds, places, width]. */
  lengths: 'gaussians.lengths',
  /** Number of cells that each Gaussian was fitted to: [kinds, places]. */
  counts: 'gaussians.counts',
  /**
   * Joins both grids, for the map and for the score: [kinds, 2 * knots + 1]. First a piecewise linear function from a distance to the
   * error of the restoring grid that is as rare among cells of good images: positions where its slope changes, then the changes. Last
   * the share of the larger of both errors in the joint one.
   */
  joinedMap: 'gaussians.joined.map',
  joinedScore: 'gaussians.joined.score',
} as const;

/**
 * Number of places along one side: as many as wanted if the cells can be divided into places of at least 2 x 2 cells, or else the
 * next smaller number.
 */
export function placesAlong(cells: number, wanted: number): number {
  let along = Math.max(1, Math.min(wanted, Math.floor(cells / 2)));
  while (cells % along !== 0) along--;
  return along;
}

/**
 * Errors by both grids: mostly the smaller one, because a cell that either of them knows is good.
 *
 *     joint = (1 - share) min(error, matched(distance)) + share max(error, matched(distance))
 *
 * @param errors by the restoring grid: [1, 1, cells, cells]
 * @param distance from {@link gaussianDistance}
 */
export function jointErrors(
  errors: Value,
  distance: Value,
  ofKind: OfKind,
  parameters: ParameterValues,
  name: typeof GAUSSIANS.joinedMap | typeof GAUSSIANS.joinedScore,
): Value {
  const { graph } = errors;
  return graph.scope('gaussians', () => {
    const row = ofKind(graph.initialiser(name, required(parameters, name)));
    const count = ((row.shape[1] as number) - 1) / 2;
    const column = (at: number) => reshape(slice(row, 1, at, at + 1), [1, 1, 1, 1]);
    const matched = Array.from({ length: count }, (_, knot) =>
      mul(relu(sub(distance, column(knot))), column(count + knot)),
    ).reduce((sum, one) => add(sum, one));
    const [smaller, larger] = [minimum(errors, matched), maximum(errors, matched)];
    return add(smaller, mul(sub(larger, smaller), column(2 * count)));
  });
}

/**
 * Mahalanobis distance of each cell from the Gaussian of its place, whose mean was estimated from n cells:
 *
 *     sqrt(n / (n + 1)) |W (cell - mean)|        W: the inverse of the lower Cholesky factor
 *
 * @param features [1, channels, cells, cells], standardised
 * @returns [1, 1, cells, cells]
 * @throws BUNDLE_INVALID if a tensor of {@link GAUSSIANS} is missing
 */
export function gaussianDistance(
  features: Value,
  ofKind: OfKind,
  parameters: ParameterValues,
): Value {
  const { graph } = features;
  return graph.scope('gaussians', () => {
    const cells = features.shape[2] as number;
    const means = required(parameters, GAUSSIANS.means);
    const [, places, width] = means.shape as [number, number, number];
    const along = Math.sqrt(places);
    const side = cells / along;
    const metric = ofKind(
      graph.initialiser(GAUSSIANS.metric, required(parameters, GAUSSIANS.metric)),
    );
    const at = byPlace(projected(features, metric, width), along);
    const { directions, factors } = storedDirections(graph, parameters, ofKind);
    const expected = reshape(ofKind(graph.initialiser(GAUSSIANS.means, means)), [places, 1, width]);
    const centred = sub(at, expected);
    const whitened = mul(matMul(centred, directions), factors);
    const fitted = required(parameters, GAUSSIANS.counts);
    const counts = reshape(ofKind(graph.initialiser(GAUSSIANS.counts, fitted)), [places, 1]);
    const squared = mul(
      reduceSum(square(whitened), { axes: [2], keepDimensions: false }),
      div(counts, add(counts, 1)),
    );
    const back = transpose(reshape(squared, [along, along, side, side]), [0, 2, 1, 3]);
    return sqrt(reshape(back, [1, 1, cells, cells]));
  });
}

/**
 * Sums over a batch from which Gaussians are fitted: inputs `features` float16 [batch, channels, cells, cells], raw, and `counted`
 * float32 [batch, 1, cells, cells], 1, or 0 for a cell to leave out; outputs `counts` [places], `sums` [places, width] and
 * `products` [places, width, width].
 * @param metric of the kind of the images: [width, channels]
 * @param along places along one side
 */
export function gaussianSums(
  options: MethodOptions,
  statistics: FeatureStatistics,
  metric: Tensor<'float32'>,
  along: number,
  batch: number,
): Graph {
  const graph = new Graph('gaussian-sums');
  const { cells } = options;
  const seen = featuresInput(graph, options, statistics, batch);
  const counted = graph.input('counted', 'float32', [batch, 1, cells, cells]);
  const [width] = metric.shape as [number];
  const projection = graph.initialiser(GAUSSIANS.metric, metric);
  const at = byPlace(projected(seen, projection, width), along);
  const weights = byPlace(counted, along);
  const weighted = mul(at, weights);
  const overCells = { axes: [1], keepDimensions: false };
  graph.output('counts', reduceSum(weights, { axes: [1, 2], keepDimensions: false }));
  graph.output('sums', reduceSum(weighted, overCells));
  graph.output('products', matMul(transpose(at, [0, 2, 1]), weighted));
  return graph;
}

/** Cells in the space of the Gaussians: [batch, width, cells, cells]. @param metric width * channels numbers */
function projected(features: Value, metric: Value, width: number): Value {
  const [batch, channels, cells] = features.shape as [number, number, number];
  const columns = reshape(features, [batch, channels, cells ** 2]);
  const mapped = matMul(reshape(metric, [width, channels]), columns);
  return reshape(mapped, [batch, width, cells, cells]);
}

/** The cells of each place: from [batch, width, cells, cells] to [places, batch * cells of a place, width]. */
function byPlace(values: Value, along: number): Value {
  const [batch, width, cells] = values.shape as [number, number, number];
  const side = cells / along;
  const squares = reshape(values, [batch, width, along, side, along, side]);
  return reshape(transpose(squares, [2, 4, 0, 3, 5, 1]), [along ** 2, batch * side ** 2, width]);
}

/** Directions, transposed: [places, width, width], and the factors that give them their lengths, [places, 1, width]. */
function storedDirections(graph: Graph, parameters: ParameterValues, ofKind: OfKind) {
  const lengths = required(parameters, GAUSSIANS.lengths);
  const [kinds, places, width] = lengths.shape as [number, number, number];
  const { data, shape } = required(parameters, GAUSSIANS.directions);
  const each = data.length / kinds;
  const stored = new Int8Array(data.length);
  const rounded = new Float32Array(lengths.data.length);
  for (let kind = 0; kind < kinds; kind++) {
    const packed = data.subarray(kind * each, (kind + 1) * each);
    const rows = roundedRows(unpackTriangles(packed, places, width), width);
    stored.set(packTriangles(rows.data, width), kind * each);
    rounded.set(
      rows.squaredLengths.map((square) => Math.sqrt(Math.max(1, square))),
      kind * places * width,
    );
  }
  const ofThis = ofKind(graph.initialiser(GAUSSIANS.directions, tensor('int8', shape, stored)));
  const triangles = reshape(cast(ofThis, 'float32'), packedShape(places, width));
  const factors = div(
    graph.initialiser(GAUSSIANS.lengths, lengths),
    graph.constant(float32(lengths.shape, rounded)),
  );
  return {
    directions: transposedTriangles(triangles, places),
    factors: reshape(ofKind(factors), [places, 1, width]),
  };
}
