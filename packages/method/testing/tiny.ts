import { averagePool, clip, convolution, float32, type Value } from '@bigrid/graph';
import type { Backbone } from '../src/backbones/backbone.ts';
import type { Taps } from '../src/features.ts';
import type { MethodOptions, Schedule } from '../src/options.ts';
import { normals } from './run-graph.ts';

const stages = [
  { input: 3, channels: 4 },
  { input: 4, channels: 6 },
];

/** A frozen network of two random convolutions, so that tests need not wait for a real one. */
export const tinyBackbone: Backbone = {
  name: 'efficientnet-lite0',
  licence: 'none',
  mean: [120, 120, 120],
  deviation: [64, 64, 64],
  stride: 8,
  tapCount: 2,
  taps(image, wanted) {
    const found: Value[] = [];
    let x = averagePool(image, 3);
    stages.forEach(({ input, channels }, index) => {
      const shape = [channels, input, 3, 3];
      const weight = image.graph.initialiser(
        `backbone.${index}.weight`,
        float32(shape, normals(shape, 70 + index, 0.3)),
      );
      x = clip(
        convolution(x, weight, undefined, { stride: index === 0 ? 4 : 2, padding: 1 }),
        -6,
        6,
      );
      found.push(x);
    });
    return wanted.map((tap) => found[Number(tap)] as Value);
  },
};

/** What {@link tinyMethod} takes of {@link tinyBackbone}. */
export const tinyTaps: Taps = { tapChannels: [4, 6], tapCells: [8, 8] };

/** The least that the ranges of the options allow. */
export const tinyMethod: MethodOptions = {
  backbone: 'efficientnet-lite0',
  taps: [0, 1],
  inputSize: 64,
  cells: 8,
  pooling: 3,
  grids: 'published',
  gridChannels: 8,
  localResolution: 8,
  globalResolution: 2,
  branch: 'light',
  depth: 1,
  jitter: 0.05,
  anomalySource: 'fbp',
  pasteReach: 3,
  pasteIntensity: [1, 3],
  refinement: 'on',
  expectation: 'none',
  smoothing: 4,
};

export const tinySchedule: Schedule = {
  batchSize: 4,
  tableLearningRate: 2e-2,
  weightLearningRate: 2e-3,
  decay: 'cosine',
  lossWeights: 'even',
  weightDecay: 1e-2,
  clipNorm: 1,
};
