import { z } from 'zod';
import { lastBlocksAtStrides } from './backbones/efficientnet.ts';

/** Maximum number of tiles along one side; no readable image has more. */
export const MOST_TILES = 100;

/** All options of the method with their ranges: the one definition for the command line, the manifest and the docs. */
export const methodOptionsSchema = z.strictObject({
  backbone: z.string().min(1).describe('Name of the frozen network that extracts features'),
  taps: z
    .array(z.union([z.int().nonnegative(), z.string().min(1)]))
    .min(1)
    .describe('Blocks of the backbone whose outputs are used as features, by number or name'),
  inputSize: z
    .int()
    .min(64)
    .max(1024)
    .describe(
      'Side length that images are resized to, in pixels, a multiple of the stride of the backbone',
    ),
  tiles: z
    .strictObject({ rows: z.int().min(1).max(MOST_TILES), columns: z.int().min(1).max(MOST_TILES) })
    .optional()
    .describe(
      'Tiles that each image is split into, each resized to `inputSize`; absent if images are not split',
    ),
  cells: z.int().min(8).max(128).describe('Feature cells along one side'),
  pooling: z
    .union([z.literal(1), z.literal(3), z.literal(5)])
    .describe('Side of the neighbourhood over which features are averaged, in cells'),
  orientation: z
    .enum(['auto', 'fixed', 'free'])
    .optional()
    .describe(
      'How products lie in the image. fixed: always the same way; free: turned at any angle, so their cells are compared with a memory of normal ones; auto: found for each product from its good images; absent in older files: fixed',
    ),
  light: z
    .enum(['free', 'fixed'])
    .optional()
    .describe(
      'What a change of the light of the whole image means. free: nothing, within 0.7 to 1.4 times the usual brightness of each colour channel, which is evened out; fixed: it may be a defect; absent in older files: fixed',
    ),
  grids: z
    .enum([
      'gaussian+restoring',
      'restoring',
      'normal',
      'normal+restoring',
      'published',
      'published-abnormal',
      'none',
    ])
    .describe(
      'Grids that judge the features. restoring: an abnormal grid trained to undo synthetic defects; gaussian+restoring: in addition a normal grid of Gaussians, fitted to good features at each place; published: the normal grid of the paper fused with its abnormal grid, which detects pasted cells; none: a network that takes the features directly, for comparison',
    ),
  gridChannels: z.int().min(8).max(1024).describe('Channels of the grid tables'),
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
    .describe('Type of the blocks after each grid: light, or the BasicBlocks of the paper'),
  depth: z.int().min(0).max(16).describe('Number of blocks after each grid'),
  jitter: z
    .number()
    .min(0)
    .max(1)
    .describe(
      'Standard deviation of the noise added to local coordinates in half of the training steps',
    ),
  anomalySource: z
    .enum(['swap', 'fbp', 'noise'])
    .describe(
      'Synthetic defects for the abnormal grid. swap: features from elsewhere; fbp: Feature Block Paste; noise: Gaussian noise',
    ),
  pasteReach: z
    .int()
    .min(1)
    .max(32)
    .describe('B: length of the random walk that shapes a pasted block, in cells'),
  pasteIntensity: z
    .tuple([z.number().positive(), z.number().positive()])
    .refine(([low, high]) => low <= high, 'Expected the lower end first')
    .describe(
      'I: range of the intensity of a pasted block, in standard deviations of the features; for swapped features, range of their factor',
    ),
  refinement: z.enum(['on', 'off']).describe('Whether the score uses feature refinement'),
  expectation: z
    .enum(['image', 'place', 'none'])
    .describe(
      'What reconstruction errors are compared with. place: errors of good images at the same place; image: the same, after removing how good images vary as a whole; none: nothing, as published and always with tiles',
    ),
  smoothing: z
    .number()
    .min(0)
    .max(16)
    .describe(
      'Standard deviation of the Gaussian that smooths the anomaly map, in pixels of a 256-pixel map',
    ),
});

export type MethodOptions = z.infer<typeof methodOptionsSchema>;

/** How the parameters are trained. */
export const scheduleSchema = z.strictObject({
  epochs: z
    .int()
    .min(1)
    .max(10_000)
    .optional()
    .describe(
      'Passes over the training images; default: 10, or up to 20 within 240 steps; at least 60 steps and at most 480 per class',
    ),
  batchSize: z.int().min(1).max(256).describe('Images per step'),
  tableLearningRate: z.number().positive().describe('Learning rate of the tables'),
  weightLearningRate: z.number().positive().describe('Learning rate of all other parameters'),
  decay: z
    .enum(['cosine', 'step'])
    .describe(
      'How learning rates decay. cosine: to 0 along a cosine; step: to a tenth after four fifths of the steps',
    ),
  lossWeights: z
    .enum(['even', 'root'])
    .describe(
      "Weight of a channel's error in the loss. even: all equal, as published; root: the square root of its weight in the anomaly map",
    ),
  weightDecay: z.number().nonnegative().describe('Decoupled weight decay'),
  clipNorm: z.number().positive().describe('Maximum global norm of the gradients'),
});

export type Schedule = z.infer<typeof scheduleSchema>;

export interface Profile {
  /** Which weights of timm it needs; undefined if they are embedded. */
  readonly weights?: string;
  readonly method: MethodOptions;
  readonly schedule: Schedule;
}

export const profileNames = ['fast', 'accurate', 'paper'] as const;
export type ProfileName = (typeof profileNames)[number];

const fast: Profile = {
  method: {
    backbone: 'efficientnet-lite0',
    taps: [2, 4, 10],
    inputSize: 256,
    cells: 32,
    pooling: 3,
    orientation: 'auto',
    light: 'free',
    grids: 'gaussian+restoring',
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
};

/**
 * Named sets of options. `fast` trains in about a minute on two cores. `accurate` takes minutes, for weights of DINOv2
 * ViT-S/14 that the user provides. `paper` is the published configuration, for weights of EfficientNet-B6 that the user
 * provides: docs/explanation/paper-profile.md lists the differences.
 */
export const profiles: Readonly<Record<ProfileName, Profile>> = {
  fast,
  accurate: {
    weights: 'vit_small_patch14_dinov2.lvd142m',
    method: {
      ...fast.method,
      backbone: 'vit_small_patch14_dinov2',
      taps: ['3+5+7+9'],
      inputSize: 392,
      // One per token, which sees its neighbours anyway.
      cells: 28,
      pooling: 1,
    },
    schedule: fast.schedule,
  },
  paper: {
    weights: 'tf_efficientnet_b6',
    method: {
      backbone: 'tf_efficientnet_b6',
      taps: lastBlocksAtStrides('tf_efficientnet_b6', [8, 16]),
      inputSize: 256,
      cells: 32,
      pooling: 1,
      orientation: 'fixed',
      light: 'fixed',
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
