import {
  add,
  cast,
  div,
  float32ToFloat16,
  Graph,
  gather,
  greater,
  largest,
  log,
  matMul,
  maximum,
  mul,
  reduceMax,
  reduceSum,
  relu,
  reshape,
  scatter,
  slice,
  sqrt,
  square,
  sub,
  tensor,
  transpose,
  type Value,
} from '@bigrid/graph';
import { type OfKind, required } from './expectation.ts';
import type { MethodOptions } from './options.ts';
import type { ParameterValues } from './parameters.ts';
import { type FeatureStatistics, featuresInput } from './training-step.ts';

/**
 * The memory of normal cells, for products that lie freely. The grids reconstruct features from where and among what they
 * lie, which says little of a part that is turned at any angle: there, a cell is compared with the nearest of a few thousand
 * cells of good images (the idea of PatchCore, Roth et al. 2022, arXiv 2106.08265).
 */
export const MEMORY = {
  /** From the standardised features of a cell to the space in which distances are taken: [width, channels]. */
  metric: 'memory.metric',
  /** Means of groups of cells, by the first elements of that space: [count, first]. */
  coarse: 'memory.coarse',
  /** The cells that are kept: [count, width], stored in half precision. */
  entries: 'memory.entries',
  /**
   * A row per kind of image, [kinds, 4]: whether it lies freely, 1 or 0; then mean, standard deviation and mean square of the
   * distance of a good cell, over all cells of good images that the memory does not hold.
   */
  kinds: 'memory.kinds',
} as const;

/** Share of the cells of an image that are searched in the whole memory: those furthest from all means of groups. */
const SEARCHED_SHARE = 3 / 8;
/** Lower bound of a cell's energy beyond the expected one, so that every cell has a value, as for the grids. */
const LEAST_BEYOND = 0.01;
const LEAST_DEVIATION = 1e-6;

/** Whether each kind of image lies freely. Empty if none does. */
export function freeKinds(parameters: ParameterValues): readonly boolean[] {
  const kinds = parameters.get(MEMORY.kinds);
  if (!kinds) return [];
  const [rows, width] = kinds.shape as [number, number];
  return Array.from({ length: rows }, (_, row) => kinds.data[row * width] === 1);
}

/** What the memory makes of an image. */
export interface MemoryErrors {
  /** For the map and for the score: [1, 1, cells, cells] each, in the units of those of the grids. */
  readonly forMap: Value;
  readonly forScore: Value;
  /** Whether the image is of a kind that lies freely: bool [1, 1, 1, 1]. */
  readonly isFree: Value;
}

/**
 * Errors of an image by the memory: for the map the root of the log-likelihood of as many taps with equal errors as there
 * are, for the score deviations.
 * @param features [1, channels, cells, cells], standardised
 * @param taps number of taps
 * @throws BUNDLE_INVALID if a tensor of {@link MEMORY} is missing
 */
export function memoryErrors(
  features: Value,
  ofKind: OfKind,
  parameters: ParameterValues,
  taps: number,
): MemoryErrors {
  const { graph } = features;
  return graph.scope('memory', () => {
    const distance = distanceToMemory(features, parameters);
    const kind = ofKind(graph.initialiser(MEMORY.kinds, required(parameters, MEMORY.kinds)));
    const column = (at: number) => reshape(slice(kind, 1, at, at + 1), [1, 1, 1, 1]);
    const [free, mean, deviation, meanSquare] = [column(0), column(1), column(2), column(3)];
    const beyond = maximum(sub(div(square(distance), meanSquare), 1), LEAST_BEYOND);
    // Twice the deviation: that of the place and the average one, which are equal where nothing has a place.
    const inDeviations = div(sub(distance, mean), maximum(mul(deviation, 2), LEAST_DEVIATION));
    return {
      forMap: sqrt(mul(log(add(beyond, 1)), taps)),
      forScore: relu(inDeviations),
      isFree: greater(free, 0.5),
    };
  });
}

/**
 * Distance of each cell to the nearest entry of the memory. All cells are compared with the means of groups first; only the
 * {@link SEARCHED_SHARE} furthest from them are searched in the whole memory, because the rest is close to normal anyway. The
 * distance of the others is that to the nearest mean, times the ratio of both distances over the cells searched.
 * @param features [1, channels, cells, cells], standardised
 * @param excluded [1, count]: added to the squared distance of each entry; default: none
 * @returns [1, 1, cells, cells]
 */
export function distanceToMemory(
  features: Value,
  parameters: ParameterValues,
  excluded?: Value,
): Value {
  const { graph, shape } = features;
  const [, , rows, columns] = shape as [number, number, number, number];
  const cells = inMetric(features, parameters);
  const toMeans = distanceToMeans(cells, parameters);
  const { values, indices } = largest(toMeans, Math.ceil(SEARCHED_SHARE * rows * columns));
  const { data, shape: kept } = required(parameters, MEMORY.entries);
  const half = tensor('float16', kept, float32ToFloat16(data));
  const entries = cast(graph.initialiser(MEMORY.entries, half), 'float32');
  const found = distanceToNearest(gather(cells, indices), entries, excluded);
  const ratio = div(reduceSum(found), maximum(reduceSum(values), LEAST_DEVIATION));
  return reshape(scatter(mul(toMeans, ratio), indices, found), [1, 1, rows, columns]);
}

/**
 * What a memory is made of and measured with: input `features` float16 [1, channels, cells, cells], raw. As long as there are
 * no entries, outputs `cells` float32 [cells * cells, width], in the space of the memory, and `toMeans` float32 [cells * cells],
 * the distance of each to the nearest mean of a group. With entries, output `distance` float32 [1, 1, cells, cells] to the
 * nearest one, and an input `excluded` float32 [1, count] that is added to the squared distance of each.
 */
export function memoryReader(
  options: MethodOptions,
  statistics: FeatureStatistics,
  parameters: ParameterValues,
): Graph {
  const graph = new Graph('memory-reader');
  const seen = featuresInput(graph, options, statistics);
  const entries = parameters.get(MEMORY.entries);
  if (entries) {
    const excluded = graph.input('excluded', 'float32', [1, entries.shape[0] as number]);
    graph.output('distance', distanceToMemory(seen, parameters, excluded));
    return graph;
  }
  const cells = inMetric(seen, parameters);
  graph.output('cells', cells);
  graph.output('toMeans', distanceToMeans(cells, parameters));
  return graph;
}

/** The cells of an image in the space of the memory: [cells, width]. @param features [1, channels, height, width] */
function inMetric(features: Value, parameters: ParameterValues): Value {
  const metric = required(parameters, MEMORY.metric);
  const columns = reshape(features, [metric.shape[1] as number, -1]);
  const mapped = matMul(features.graph.initialiser(MEMORY.metric, metric), columns);
  return transpose(mapped, [1, 0]);
}

/** Distance of each cell to the nearest mean of a group: [cells]. @param cells [cells, width] */
function distanceToMeans(cells: Value, parameters: ParameterValues): Value {
  const coarse = required(parameters, MEMORY.coarse);
  const first = slice(cells, 1, 0, coarse.shape[1] as number);
  return distanceToNearest(first, cells.graph.initialiser(MEMORY.coarse, coarse));
}

/** |a - b|^2 = |a|^2 - (2 a b - |b|^2), so the nearest entry has the largest bracket. @returns [rows of a] */
function distanceToNearest(cells: Value, entries: Value, excluded?: Value): Value {
  const lengths = (rows: Value) => reduceSum(square(rows), { axes: [1], keepDimensions: false });
  const count = entries.shape[0] as number;
  const products = matMul(cells, transpose(mul(entries, 2), [1, 0]));
  const offset = reshape(lengths(entries), [1, count]);
  const bracket = sub(products, excluded ? add(offset, excluded) : offset);
  const nearest = reduceMax(bracket, { axes: [1], keepDimensions: false });
  return sqrt(maximum(sub(lengths(cells), nearest), 0));
}
