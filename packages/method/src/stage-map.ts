import { Graph, reshape } from '@bigrid/graph';
import { cellLengths, channelWeights, mapMaker, tapEnergies } from './anomaly-map.ts';
import { mapSizeOf } from './detector.ts';
import type { Taps } from './features.ts';
import { reconstruct } from './grad.ts';
import type { MethodOptions } from './options.ts';
import { FixedParameters, type ParameterValues, TrainedParameters } from './parameters.ts';
import { gridsOf, type Stage } from './stages.ts';
import { blend, imageCells, tileOrigins } from './tiles.ts';
import { type FeatureStatistics, featuresInput } from './training-step.ts';

export interface StageMapOptions {
  readonly stage: Stage;
  readonly method: MethodOptions;
  readonly statistics: FeatureStatistics;
  readonly taps: Taps;
  /** Parameters from an earlier stage. */
  readonly frozen: ParameterValues;
}

/**
 * The map of an image while a stage is being trained: errors of the grids that the stage reconstructs with, before they are
 * compared with expected ones. Inputs besides the parameters of the stage: `features` float16 [tiles, channels, cells,
 * cells], raw; output `map` float32 [height, width]: {@link mapSizeOf}.
 * @returns the graph, and the names of the parameters among its inputs
 */
export function stageMap({ stage, method, statistics, taps, frozen }: StageMapOptions): {
  readonly graph: Graph;
  readonly parameters: readonly string[];
} {
  const graph = new Graph(`map-${stage}`);
  const options = { ...method, grids: gridsOf(stage, method) };
  const features = featuresInput(graph, options, statistics, tileOrigins(options).length);
  const parameters = new TrainedParameters(graph, false);
  const fixed = stage === 'normal' ? new FixedParameters(graph, frozen) : parameters;
  const { value } = reconstruct(parameters, features, options, fixed);
  const weights = channelWeights(statistics.deviation, taps);
  const errors = cellLengths(tapEnergies(features, value, weights, taps));
  const [whole = errors] = options.tiles ? blend([errors], options) : [];
  const toMap = mapMaker(graph, imageCells(options), options.smoothing, options.cells);
  const { height, width } = mapSizeOf(options);
  graph.output('map', reshape(toMap(whole), [height, width]));
  return { graph, parameters: [...parameters.declared.keys()] };
}
