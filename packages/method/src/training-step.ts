import {
  type AdamWOptions,
  adamW,
  adamWDefaults,
  add,
  cast,
  div,
  float32,
  Graph,
  gradients,
  mul,
  reduceMean,
  square,
  sub,
  type Value,
} from '@bigrid/graph';
import { lossWeights } from './anomaly-map.ts';
import { contrastiveLoss } from './contrastive-loss.ts';
import { featureBlockPaste, featureBlockSwap, rearrange } from './feature-block-paste.ts';
import type { Taps } from './features.ts';
import { reconstruct } from './grad.ts';
import type { MethodOptions, Schedule } from './options.ts';
import {
  FixedParameters,
  type Parameter,
  type ParameterValues,
  TrainedParameters,
} from './parameters.ts';
import { gridsOf, rebuildsNothing, type Stage } from './stages.ts';

/** Mean and deviation of each feature channel over the training images. */
export interface FeatureStatistics {
  readonly mean: Float32Array;
  readonly deviation: Float32Array;
}

/**
 * One optimiser step as a graph. Inputs besides the parameters, their moments `NAME/m` and `NAME/v`:
 *
 * - `features` float16 [batch, channels, cells, cells], raw
 * - `jitter` float32 [batch, 2, cells, cells]
 * - `mask` float32 [batch, 1, cells, cells] and `intensity` float32 [batch, channels, 1, 1] (`noise`: [batch,
 *   channels, cells, cells]) in the abnormal stage; for `swap` the mask is 0 or 1, `intensity` [batch, 1, 1, 1], and
 *   `images` int64 [batch], `rows` and `columns` int64 [cells] select the source features
 * - `cellWeights` float32 [batch, 1, cells, cells], if cells are weighted: their weights in the loss, 1 on average over
 *   an image
 * - `step` and `learningRate`, float32 scalars
 *
 * Outputs: `loss`, and each parameter and moment as `next/NAME`.
 */
export interface TrainingStep {
  readonly graph: Graph;
  /** Parameters that change in this stage, statistics included. */
  readonly parameters: readonly Parameter[];
}

export interface TrainingStepOptions {
  readonly stage: Stage;
  readonly method: MethodOptions;
  readonly schedule: Schedule;
  readonly statistics: FeatureStatistics;
  /** The taps that the features consist of. */
  readonly taps: Taps;
  /** Parameters from an earlier stage, frozen in this one. Default: none. */
  readonly frozen?: ParameterValues;
  /** Whether cells are weighted, by the input `cellWeights`. Default: false. */
  readonly weighsCells?: boolean;
}

/** The graph of one optimiser step of a stage, with the parameters that it trains. */
export function trainingStep({
  stage,
  method: options,
  schedule,
  statistics,
  taps,
  frozen = new Map(),
  weighsCells = false,
}: TrainingStepOptions): TrainingStep {
  const graph = new Graph(`training-step-${stage}`);
  const { cells } = options;
  const batch = schedule.batchSize;
  const features = featuresInput(graph, options, statistics, batch);
  const jitter = graph.input('jitter', 'float32', [batch, 2, cells, cells]);
  const parameters = new TrainedParameters(graph);
  const weights =
    schedule.lossWeights === 'root' ? lossWeights(statistics.deviation, taps) : undefined;
  const cellWeights = weighsCells
    ? graph.input('cellWeights', 'float32', [batch, 1, cells, cells])
    : undefined;
  const error = (value: Value) => meanSquaredError(value, features, weights, cellWeights);
  const loss =
    stage === 'abnormal'
      ? abnormalLoss(parameters, features, jitter, options, error)
      : error(normalReconstruction(parameters, features, jitter, options, frozen));
  return { graph, parameters: optimise(graph, parameters, loss, schedule) };
}

/** Declares the input `features` float16 [batch, channels, cells, cells], raw, and returns them standardised, float32. */
export function featuresInput(
  graph: Graph,
  { cells }: MethodOptions,
  statistics: FeatureStatistics,
  batch = 1,
): Value {
  const raw = graph.input('features', 'float16', [batch, statistics.mean.length, cells, cells]);
  return standardise(cast(raw, 'float32'), statistics);
}

/** (features - mean) / deviation, per channel; both become initialisers `features.*`. */
export function standardise(features: Value, statistics: FeatureStatistics): Value {
  const { graph } = features;
  const perChannel = (name: string, values: Float32Array) =>
    graph.initialiser(`features.${name}`, float32([1, values.length, 1, 1], values));
  const centred = sub(features, perChannel('mean', statistics.mean));
  return div(centred, perChannel('deviation', statistics.deviation));
}

/**
 * On pasted features. A restoring grid reconstructs the clean ones from them. The published one separates pasted cells from
 * others (contrastive loss); if it is the only grid, it reconstructs the clean features too.
 */
function abnormalLoss(
  parameters: TrainedParameters,
  features: Value,
  jitter: Value,
  options: MethodOptions,
  error: (value: Value) => Value,
): Value {
  const { graph } = parameters;
  const [batch, channels, cells] = features.shape as [number, number, number];
  const mask = graph.input('mask', 'float32', [batch, 1, cells, cells]);
  const intensity = (width: number, spread: number) =>
    graph.input('intensity', 'float32', [batch, width, spread, spread]);
  const sources = {
    swap: () => {
      const images = graph.input('images', 'int64', [batch]);
      const rows = graph.input('rows', 'int64', [cells]);
      const columns = graph.input('columns', 'int64', [cells]);
      const donors = rearrange(features, images, rows, columns);
      return featureBlockSwap(features, donors, mask, intensity(1, 1));
    },
    fbp: () => featureBlockPaste(features, mask, intensity(channels, 1)),
    noise: () => featureBlockPaste(features, mask, intensity(channels, cells)),
  };
  const { value, abnormality } = reconstruct(
    parameters,
    sources[options.anomalySource](),
    { ...options, grids: gridsOf('abnormal', options) },
    parameters,
    jitter,
  );
  if (!abnormality) return error(value);
  const contrast = contrastiveLoss(abnormality, mask);
  return rebuildsNothing('abnormal', options) ? contrast : add(contrast, error(value));
}

/** The published normal grid reconstructs the residual of the frozen branch; with a restoring grid it is independent. */
function normalReconstruction(
  parameters: TrainedParameters,
  features: Value,
  jitter: Value,
  options: MethodOptions,
  frozen: ParameterValues,
): Value {
  const { graph } = parameters;
  const { value } = reconstruct(
    parameters,
    features,
    { ...options, grids: gridsOf('normal', options) },
    new FixedParameters(graph, frozen),
    jitter,
  );
  return value;
}

/**
 * @param channelWeights [channels]. Default: 1 each
 * @param cellWeights [batch, 1, cells, cells]. Default: 1 each
 */
function meanSquaredError(
  a: Value,
  b: Value,
  channelWeights: Float32Array | undefined,
  cellWeights: Value | undefined,
): Value {
  const { graph } = a;
  let squares = square(sub(a, b));
  if (channelWeights) {
    const shape = [1, channelWeights.length, 1, 1];
    squares = mul(squares, graph.constant(float32(shape, channelWeights)));
  }
  if (cellWeights) squares = mul(squares, cellWeights);
  return reduceMean(squares, { keepDimensions: false });
}

function optimise(
  graph: Graph,
  parameters: TrainedParameters,
  loss: Value,
  schedule: Schedule,
): Parameter[] {
  const declared = [...parameters.declared.values()];
  const trained = declared.filter(({ parameter }) => parameter.kind !== 'statistic');
  const optimiser: AdamWOptions = {
    ...adamWDefaults,
    weightDecay: schedule.weightDecay,
    clipNorm: schedule.clipNorm,
  };
  const trainables = trained.map(({ parameter, value }) => ({
    name: parameter.name,
    value,
    firstMoment: graph.input(`${parameter.name}/m`, 'float32', parameter.shape),
    secondMoment: graph.input(`${parameter.name}/v`, 'float32', parameter.shape),
    learningRateScale:
      (parameter.kind === 'table' ? schedule.tableLearningRate : schedule.weightLearningRate) /
      schedule.weightLearningRate,
  }));
  const gradientOf = gradients(
    loss,
    trained.map(({ value }) => value),
  );
  const next = adamW(
    graph,
    trainables,
    gradientOf,
    graph.input('step', 'float32', []),
    graph.input('learningRate', 'float32', []),
    optimiser,
  );
  graph.output('loss', loss);
  next.forEach(({ value, firstMoment, secondMoment }, index) => {
    const { name } = trainables[index] as { name: string };
    graph.output(`next/${name}`, value);
    graph.output(`next/${name}/m`, firstMoment);
    graph.output(`next/${name}/v`, secondMoment);
  });
  for (const [name, value] of parameters.updates) graph.output(`next/${name}`, value);
  return declared.map(({ parameter }) => parameter);
}
