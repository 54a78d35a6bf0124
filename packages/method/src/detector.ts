import { cast, Graph, mul, reduceSum, reshape, square, tensor, type Value } from '@bigrid/graph';
import { anomalyMap, channelWeights, imageScore, MAP_SIZE } from './anomaly-map.ts';
import type { Backbone } from './backbones/backbone.ts';
import { features } from './features.ts';
import { reconstruct } from './grad.ts';
import type { MethodOptions } from './options.ts';
import { FixedParameters, type ParameterValues } from './parameters.ts';
import { refine } from './refinement.ts';
import { type FeatureStatistics, standardise } from './training-step.ts';

const imageShape = [1, 'height', 'width', 3] as const;

/** Initialiser of what of the map counts: uint8 [1, 1, height, width], 1, or 0 where it is ignored. */
export const COUNTED = 'map.counted';

/**
 * The graph that turns a picture into the features that training reads: input `image` uint8 [1, height, width, 3];
 * outputs `features` float16 [1, channels, cells, cells], and `sum` and `squares` float32 [channels] over its cells.
 */
export function extractor(
  backbone: Backbone,
  options: MethodOptions,
): { graph: Graph; tapChannels: readonly number[] } {
  const graph = new Graph('extractor');
  const image = graph.input('image', 'uint8', imageShape);
  const { value, tapChannels } = features(graph, image, backbone, options);
  const overCells = { axes: [0, 2, 3], keepDimensions: false };
  graph.output('features', cast(value, 'float16'));
  graph.output('sum', reduceSum(value, overCells));
  graph.output('squares', reduceSum(square(value), overCells));
  return { graph, tapChannels };
}

/**
 * The finished model: input `image` uint8 [1, height, width, 3] RGB of any size; outputs `anomaly_map` float32
 * [1, 256, 256] and `score` float32 [1], both raw and comparable between pictures. All of the map counts; where the
 * elements of {@link COUNTED} are set to 0, the map is 0 and the score ignores it.
 */
export function detector(
  backbone: Backbone,
  options: MethodOptions,
  statistics: FeatureStatistics,
  parameters: ParameterValues,
): Graph {
  const graph = new Graph('bigrid');
  const image = graph.input('image', 'uint8', imageShape);
  const { value, tapChannels } = features(graph, image, backbone, options);
  const standardised = standardise(value, statistics);
  const source = new FixedParameters(graph, parameters, 'float16');
  const { value: reconstruction } = reconstruct(source, standardised, options);
  const weights = channelWeights(statistics.deviation, tapChannels);
  const mapShape = [1, 1, MAP_SIZE, MAP_SIZE];
  const all = tensor('uint8', mapShape, new Uint8Array(MAP_SIZE ** 2).fill(1));
  const counted = cast(graph.initialiser(COUNTED, all), 'float32');
  const mapOf = (rebuilt: Value) =>
    mul(anomalyMap(standardised, rebuilt, weights, options.smoothing), counted);
  const map = mapOf(reconstruction);
  graph.output('anomaly_map', reshape(map, [1, MAP_SIZE, MAP_SIZE]));
  // The map reads better without refinement, the score with it: docs/method.md has the figures.
  const scored = options.refinement === 'on' ? mapOf(refine(standardised, reconstruction)) : map;
  graph.output('score', imageScore(scored));
  return graph;
}
