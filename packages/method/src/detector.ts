import {
  cast,
  float32,
  Graph,
  mul,
  reduceSum,
  reshape,
  square,
  sub,
  type Tensor,
  tensor,
  type Value,
  where,
} from '@bigrid/graph';
import {
  cellLengths,
  channelWeights,
  imageScore,
  mapMaker,
  mapSize,
  tapEnergies,
} from './anomaly-map.ts';
import type { Backbone } from './backbones/backbone.ts';
import {
  beyondExpected,
  type CellErrors,
  EXPECTED,
  type Kind,
  nearestKind,
} from './expectation.ts';
import { features, type Taps } from './features.ts';
import { GAUSSIANS, gaussianDistance, jointErrors } from './gaussians.ts';
import { reconstruct } from './grad.ts';
import { LIGHT } from './light.ts';
import { freeKinds, memoryErrors } from './memory.ts';
import type { MethodOptions } from './options.ts';
import { FixedParameters, type ParameterValues } from './parameters.ts';
import { unexplainedShare } from './refinement.ts';
import { blend, imageCells, originsTensor, overTiles, resizeImage, tileOrigins } from './tiles.ts';
import { type FeatureStatistics, featuresInput, standardise } from './training-step.ts';
import {
  componentsFrom,
  storedComponents,
  toTapCells,
  variationWidth,
  withVariation,
} from './variation.ts';

const imageShape = [1, 'height', 'width', 3] as const;

/** Initialiser with the part of the map that counts: uint8 [1, 1, height, width], 1, or 0 where it is ignored. */
export const COUNTED = 'map.counted';

/**
 * The graph that turns an image into the features that training reads: input `image` uint8 [1, height, width, 3], and
 * for a method with tiles `origins` int64 [tiles, 2], the tiles to process; outputs `features` float16 [tiles, channels,
 * cells, cells], and `sum` and `squares` float32 [channels] over all their cells. An undivided image is one tile.
 * @param light from {@link LIGHT}
 */
export function extractor(
  backbone: Backbone,
  options: MethodOptions,
  light?: Tensor<'float32'>,
): { graph: Graph } & Taps {
  const graph = new Graph('extractor');
  const image = graph.input('image', 'uint8', imageShape);
  let taps: Taps = { tapChannels: [], tapCells: [] };
  const describe = (image: Value): [Value, Value, Value] => {
    const { value, ...own } = features(graph, image, backbone, options, light);
    taps = own;
    const overCells = { axes: [0, 2, 3], keepDimensions: false };
    const half = cast(value, 'float16');
    return [half, reduceSum(value, overCells), reduceSum(square(value), overCells)];
  };
  const describeTiles = (origins: Value) =>
    overTiles(image, origins, options, (tile) => {
      const [half, ...sums] = describe(tile);
      return [reshape(half, half.shape.slice(1)), ...sums];
    });
  const { tiles } = options;
  const [half, sum, squares] = (
    tiles ? describeTiles(graph.input('origins', 'int64', ['tiles', 2])) : describe(image)
  ) as [Value, Value, Value];
  const overAll = (sums: Value) =>
    tiles ? reduceSum(sums, { axes: [0], keepDimensions: false }) : sums;
  graph.output('features', half);
  graph.output('sum', overAll(sum));
  graph.output('squares', overAll(squares));
  return { graph, ...taps };
}

/**
 * Only the resize with which both other graphs begin: input `image` uint8 [1, height, width, 3]; output `image` uint8
 * [1, height, width, 3] at the method's input size, which has the same features and score as the original.
 */
export function resizer(options: MethodOptions): Graph {
  const graph = new Graph('resizer');
  graph.output('resized', resizeImage(graph.input('image', 'uint8', imageShape), options));
  return graph;
}

/** Size of a method's maps, in pixels. */
export function mapSizeOf(options: MethodOptions): { height: number; width: number } {
  const { height, width } = mapSize(...imageCells(options), options.cells);
  return { height, width };
}

/**
 * The finished model: input `image` uint8 [1, height, width, 3] RGB of any size; outputs `anomaly_map` float32
 * [1, 256, 256], or the size given by {@link mapSizeOf} for a method with tiles, and `score` float32 [1], both raw and comparable
 * between images. The whole map counts; where elements of {@link COUNTED} are set to 0, the map is 0 and the score
 * ignores it.
 */
export function detector(
  backbone: Backbone,
  options: MethodOptions,
  statistics: FeatureStatistics,
  parameters: ParameterValues,
): Graph {
  const graph = new Graph('bigrid');
  const image = graph.input('image', 'uint8', imageShape);
  const look = (image: Value): [forMap: Value, forScore: Value] => {
    const { value, ...taps } = features(graph, image, backbone, options, parameters.get(LIGHT));
    const seen = standardise(value, statistics);
    const kind = options.expectation === 'none' ? undefined : nearestKind(seen, parameters);
    const free = freeKinds(parameters);
    const fromGrids = () => {
      const weights = channelWeights(statistics.deviation, taps);
      return gridErrors(seen, options, parameters, { weights, taps, kind });
    };
    if (!kind || free.length === 0) return fromGrids();
    const count = taps.tapChannels.length;
    const { isFree, ...own } = memoryErrors(seen, kind.ofKind, parameters, count);
    if (free.every((isFree) => isFree)) return [own.forMap, own.forScore];
    const [forMap, forScore] = fromGrids();
    return [where(isFree, own.forMap, forMap), where(isFree, own.forScore, forScore)];
  };
  const [forMap, forScore] = wholeImage(image, options, look);
  const { height, width } = mapSizeOf(options);
  const all = tensor('uint8', [1, 1, height, width], new Uint8Array(height * width).fill(1));
  const counted = cast(graph.initialiser(COUNTED, all), 'float32');
  const toMap = mapMaker(graph, imageCells(options), options.smoothing, options.cells);
  const mapOf = (errors: Value) => mul(toMap(errors), counted);
  const map = mapOf(forMap);
  graph.output('anomaly_map', reshape(map, [1, height, width]));
  graph.output('score', imageScore(forScore === forMap ? map : mapOf(forScore)));
  return graph;
}

interface Compared {
  /** Of channels: {@link channelWeights} */
  readonly weights: Float32Array;
  readonly taps: Taps;
  /** That of the image, which says what is expected of it; undefined to compare its errors with nothing. */
  readonly kind: Kind | undefined;
}

/** Errors of an image by the grids, [1, 1, cells, cells] each. */
function gridErrors(
  seen: Value,
  options: MethodOptions,
  parameters: ParameterValues,
  { weights, taps, kind }: Compared,
): [forMap: Value, forScore: Value] {
  const rebuilt = rebuild(seen, options, parameters);
  if (!kind) {
    const { lengths, forScore } = errorsOf(seen, rebuilt, weights, taps, options);
    return [lengths, forScore];
  }
  const { graph } = seen;
  const { ofKind, mean } = kind;
  const values = parameters.get(EXPECTED.components);
  const components = values && storedComponents(graph, EXPECTED.components, values, ofKind);
  const whole = components ? withVariation(seen, rebuilt, components, taps, weights) : rebuilt;
  const errors = errorsOf(seen, whole, weights, taps, options, mean);
  const { forMap, forScore } = beyondExpected(errors, ofKind, parameters);
  if (!parameters.has(GAUSSIANS.joinedMap)) return [forMap, forScore];
  const distance = gaussianDistance(seen, ofKind, parameters);
  return [
    jointErrors(forMap, distance, ofKind, parameters, GAUSSIANS.joinedMap),
    jointErrors(forScore, distance, ofKind, parameters, GAUSSIANS.joinedScore),
  ];
}

/**
 * Errors by the restoring grid alone, as compared with the expected ones, and distances by the Gaussians: input `features`
 * float16 [1, channels, cells, cells], raw; outputs `forMap`, `forScore` and `distance` float32 [1, 1, cells, cells], and `kind`
 * float32 [1, 1], the kind of the image.
 * @param parameters with the Gaussians, not yet joined
 */
export function gaussianMeter(
  options: MethodOptions,
  statistics: FeatureStatistics,
  taps: Taps,
  parameters: ParameterValues,
): Graph {
  const graph = new Graph('gaussian-meter');
  const seen = featuresInput(graph, options, statistics);
  const kind = nearestKind(seen, parameters);
  const { ofKind } = kind;
  const weights = channelWeights(statistics.deviation, taps);
  const [forMap, forScore] = gridErrors(seen, options, parameters, { weights, taps, kind });
  graph.output('forMap', forMap);
  graph.output('forScore', forScore);
  graph.output('distance', gaussianDistance(seen, ofKind, parameters));
  const kinds = parameters.get(GAUSSIANS.means)?.shape[0] ?? 1;
  graph.output('kind', ofKind(graph.constant(float32([kinds, 1], [...Array(kinds).keys()]))));
  return graph;
}

/**
 * The errors of cells from known features, before they are compared with the expected ones: inputs `features`
 * float16 [1, channels, cells, cells], raw, and, if there are any, `components` float32 [count, width]; outputs `energies`
 * float32 [1, taps, cells, cells], `forScore` float32 [1, 1, cells, cells], and `left` float16 [1, width], the
 * residual of the grids alone, standardised, in the layout of {@link toTapCells}.
 * @param count number of components, possibly 0
 */
export function errorMeter(
  options: MethodOptions,
  statistics: FeatureStatistics,
  taps: Taps,
  parameters: ParameterValues,
  count = 0,
): Graph {
  const graph = new Graph('error-meter');
  const seen = featuresInput(graph, options, statistics);
  const rebuilt = rebuild(seen, options, parameters);
  const components = () => graph.input('components', 'float32', [count, variationWidth(taps)]);
  const weights = channelWeights(statistics.deviation, taps);
  const whole =
    count > 0 ? withVariation(seen, rebuilt, componentsFrom(components()), taps, weights) : rebuilt;
  const { mean } = nearestKind(seen, parameters);
  const { energies, forScore } = errorsOf(seen, whole, weights, taps, options, mean);
  graph.output('energies', energies);
  graph.output('forScore', forScore);
  graph.output('left', cast(toTapCells(sub(seen, rebuilt), taps), 'float16'));
  return graph;
}

/** The grids' reconstruction of the features of one image. */
function rebuild(features: Value, options: MethodOptions, parameters: ParameterValues): Value {
  const source = new FixedParameters(features.graph, parameters, 'float16');
  return reconstruct(source, features, options).value;
}

/**
 * The residual of each cell, and its norm: [1, 1, cells, cells].
 * @param mean of the features of the image's kind; default: 0
 */
function errorsOf(
  features: Value,
  reconstruction: Value,
  weights: Float32Array,
  taps: Taps,
  options: MethodOptions,
  mean?: Value,
): CellErrors & { lengths: Value } {
  const energies = tapEnergies(features, reconstruction, weights, taps);
  const lengths = cellLengths(energies);
  if (options.refinement === 'off') return { energies, lengths, forScore: lengths };
  // The map reads better without refinement, the score with it: docs/lab-notes/2026-11-24-defaults.md has the figures.
  const forScore = mul(lengths, unexplainedShare(features, reconstruction, mean));
  return { energies, lengths, forScore };
}

/** One value per cell of the whole image, tiled or not: [1, 1, rows, columns]. */
function wholeImage(
  image: Value,
  options: MethodOptions,
  look: (image: Value) => [forMap: Value, forScore: Value],
): [forMap: Value, forScore: Value] {
  if (options.tiles === undefined) return look(image);
  const origins = image.graph.constant(originsTensor(tileOrigins(options)));
  return blend(overTiles(image, origins, options, look), options) as [Value, Value];
}
