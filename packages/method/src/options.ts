import { z } from 'zod';
import { lastBlocksAtStrides } from './backbones/efficientnet.ts';

/** Tiles along one side: more are no image that is read. */
export const MOST_TILES = 100;

/** Everything about the method that can be chosen, with its range; the one definition for CLI, manifest and docs. */
export const methodOptionsSchema = z.strictObject({
  backbone: z.string().min(1).describe('Name of the frozen network that describes images'),
  taps: z
    .array(z.union([z.int().nonnegative(), z.string().min(1)]))
    .min(1)
    .describe('Blocks of the backbone whose outputs are the features, by number or name'),
  inputSize: z
    .int()
    .min(64)
    .max(1024)
    .multipleOf(32)
    .describe('Side to which images are resized, in pixels'),
  tiles: z
    .strictObject({ rows: z.int().min(1).max(MOST_TILES), columns: z.int().min(1).max(MOST_TILES) })
    .optional()
    .describe(
      'Tiles that an image is looked at in, each resized to `inputSize`; without it the image is looked at as a whole',
    ),
  cells: z.int().min(8).max(128).describe('Feature cells along one side'),
  pooling: z
    .union([z.literal(1), z.literal(3), z.literal(5)])
    .describe('Neighbourhood over which features are averaged, in cells'),
  grids: z
    .enum(['restoring', 'normal', 'normal+restoring', 'published', 'published-abnormal', 'none'])
    .describe(
      'Grids that rebuild the features. restoring: an abnormal grid that learns to undo synthetic defects; published: the normal grid of the paper, fused with its abnormal grid, which tells pasted cells; none: a network that sees the features themselves, for comparison',
    ),
  gridChannels: z.int().min(8).max(1024).describe('Channels of the tables'),
  localResolution: z
    .int()
    .min(2)
    .max(128)
    .describe('Rl: entries along one side of the local table'),
  globalResolution: z
    .int()
    .min(1)
    .max(16)
    .describe('Rg: entries along one side of the global table'),
  branch: z
    .enum(['light', 'basic'])
    .describe('Blocks behind each grid: light, or the BasicBlocks of the paper'),
  depth: z.int().min(0).max(16).describe('Blocks in each branch'),
  jitter: z
    .number()
    .min(0)
    .max(1)
    .describe('Deviation of the noise on local points, on half of the training steps'),
  anomalySource: z
    .enum(['swap', 'fbp', 'noise'])
    .describe(
      'Synthetic defects of the abnormal grid: blocks of features from elsewhere, Feature Block Paste, or Gaussian noise',
    ),
  pasteReach: z
    .int()
    .min(1)
    .max(32)
    .describe('B: how far the walk of a pasted block goes, in cells'),
  pasteIntensity: z
    .tuple([z.number().positive(), z.number().positive()])
    .refine(([low, high]) => low <= high, 'Expected the lower end first')
    .describe(
      'I: range of the intensity of a pasted block, in standard deviations of the features; of swapped features, the factor',
    ),
  refinement: z.enum(['on', 'off']).describe('Feature refinement for the score'),
  expectation: z
    .enum(['image', 'place', 'none'])
    .describe(
      'What errors are compared with: those of good images at the same place (place), also after the ways in which they vary as a whole are taken out (image), or, as published, nothing; with tiles always nothing',
    ),
  smoothing: z
    .number()
    .min(0)
    .max(16)
    .describe('Deviation of the Gaussian that smooths the map, in pixels of 256'),
});

export type MethodOptions = z.infer<typeof methodOptionsSchema>;

/** How the parameters are found. */
export const scheduleSchema = z.strictObject({
  epochs: z
    .int()
    .min(1)
    .max(10_000)
    .optional()
    .describe(
      'Passes over the training images; default: ten, but 240 steps at least and 480 a class at most',
    ),
  batchSize: z.int().min(1).max(256).describe('Images in one step'),
  tableLearningRate: z.number().positive().describe('Learning rate of the tables'),
  weightLearningRate: z.number().positive().describe('Learning rate of everything else'),
  decay: z
    .enum(['cosine', 'step'])
    .describe(
      'How learning rates fall: to nothing along a cosine, or to a tenth at four fifths of the steps',
    ),
  lossWeights: z
    .enum(['even', 'root'])
    .describe(
      "What a channel's error counts in the loss: each the same, as published, or the square root of what it counts in the map",
    ),
  weightDecay: z.number().nonnegative().describe('Decoupled weight decay'),
  clipNorm: z.number().positive().describe('Largest global norm of the gradients'),
});

export type Schedule = z.infer<typeof scheduleSchema>;

export interface Profile {
  readonly method: MethodOptions;
  readonly schedule: Schedule;
}

export const profileNames = ['fast', 'paper'] as const;
export type ProfileName = (typeof profileNames)[number];

/**
 * Named sets of options. `fast` trains in about a minute on two cores. `paper` is the published configuration, for
 * weights of EfficientNet-B6 that the user brings: docs/explanation/paper-profile.md says where it cannot be the same.
 */
export const profiles: Readonly<Record<ProfileName, Profile>> = {
  fast: {
    method: {
      backbone: 'efficientnet-lite0',
      taps: [2, 4, 10],
      inputSize: 256,
      cells: 32,
      pooling: 3,
      grids: 'restoring',
      gridChannels: 128,
      localResolution: 16,
      globalResolution: 4,
      branch: 'light',
      depth: 2,
      jitter: 0.05,
      anomalySource: 'swap',
      pasteReach: 10,
      pasteIntensity: [0.5, 2],
      refinement: 'on',
      expectation: 'image',
      smoothing: 4,
    },
    schedule: {
      batchSize: 8,
      tableLearningRate: 2e-2,
      weightLearningRate: 2e-3,
      decay: 'cosine',
      lossWeights: 'root',
      weightDecay: 1e-2,
      clipNorm: 1,
    },
  },
  paper: {
    method: {
      backbone: 'tf_efficientnet_b6',
      taps: lastBlocksAtStrides('tf_efficientnet_b6', [8, 16]),
      inputSize: 256,
      cells: 32,
      pooling: 1,
      grids: 'published',
      gridChannels: 272,
      localResolution: 32,
      globalResolution: 4,
      branch: 'basic',
      depth: 9,
      jitter: 0.05,
      anomalySource: 'fbp',
      pasteReach: 10,
      pasteIntensity: [1, 3],
      refinement: 'on',
      expectation: 'none',
      smoothing: 0,
    },
    schedule: {
      epochs: 50,
      batchSize: 16,
      tableLearningRate: 0.1,
      weightLearningRate: 1e-3,
      decay: 'step',
      lossWeights: 'even',
      weightDecay: 1e-2,
      clipNorm: 0.1,
    },
  },
};
