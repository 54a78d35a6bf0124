import { fail } from '@bigrid/errors';
import {
  type MethodOptions,
  methodOptionsSchema,
  onlyRestores,
  type ProfileName,
  profileNames,
  profiles,
  type Schedule,
  scheduleSchema,
  stagesOf,
} from '@bigrid/method';
import { z } from 'zod';
import { checkOptions } from '../check-options.ts';
import type { TrainOptions } from './train-options.ts';

const fields = methodOptionsSchema.shape;

/** Number of images kept for updates: docs/how-to/update.md shows how much is forgotten with fewer. */
const replayField = z
  .int()
  .min(0)
  .max(1024)
  .default(192)
  .describe('Number of good images to keep next to the model file for updates; 0: none');

/** The options of training: the one definition for the command line, the API and the docs. */
export const trainOptionsSchema = z.strictObject({
  profile: z
    .enum(profileNames)
    .default('fast')
    .describe('Preset of options; other options override it'),
  seed: z
    .int()
    .min(0)
    .max(2 ** 31 - 1)
    .default(0)
    .describe('Random seed: the same seed and images give the same model'),
  epochs: scheduleSchema.shape.epochs,
  replay: replayField,
  size: fields.inputSize
    .optional()
    .describe(
      'Side length that images are resized to, in pixels: a multiple of 32, or of 14 for DINOv2 (default 256; 392 in the profile accurate)',
    ),
  tile: z
    .union([z.literal('auto'), z.int().min(64).max(8192)])
    .optional()
    .describe(
      'For small defects in large images: split images into overlapping tiles of at most this many pixels per side; auto: twice `size`',
    ),
  taps: fields.taps.optional(),
  orientation: fields.orientation,
  light: fields.light,
  grids: fields.grids.optional(),
  anomalySource: fields.anomalySource.optional(),
  refinement: fields.refinement.optional(),
  expectation: fields.expectation.describe(fields.expectation.description ?? '').optional(),
  localResolution: fields.localResolution.optional(),
  globalResolution: fields.globalResolution.optional(),
  branch: fields.branch.optional(),
  depth: fields.depth.optional(),
  jitter: fields.jitter.optional(),
});

export interface ResolvedTrainOptions {
  readonly profile: ProfileName;
  readonly seed: number;
  /** Number of images to keep for updates. */
  readonly replay: number;
  readonly tile: number | 'auto' | undefined;
  readonly method: MethodOptions;
  readonly schedule: Schedule;
}

/** The fewest cells along a side. */
const LEAST_CELLS = 8;

/** Checks the options and applies them to the profile. @throws OPTION_INVALID */
export function resolveTrainOptions(options: TrainOptions): ResolvedTrainOptions {
  const checked = checkOptions(trainOptionsSchema, options, 'train');
  const { profile: name, seed, epochs, replay, size, tile, ...chosen } = checked;
  const profile = profiles[name];
  checkEffects(checked, chosen.grids ?? profile.method.grids);
  const given = Object.fromEntries(
    Object.entries(chosen).filter(([, value]) => value !== undefined),
  ) as Partial<MethodOptions>;
  // Cells stay as wide, in pixels, as in the profile.
  const { inputSize, cells } = profile.method;
  const fitting = Math.max(LEAST_CELLS, Math.round(((size ?? inputSize) * cells) / inputSize));
  const sized = size === undefined ? {} : { inputSize: size, cells: fitting };
  const method = { ...profile.method, ...given, ...sized };
  return {
    profile: name,
    seed,
    replay,
    tile,
    method: checked.expectation === 'none' ? withoutExpectation(method) : method,
    schedule: epochs === undefined ? profile.schedule : { ...profile.schedule, epochs },
  };
}

/** The method without what is measured for each place: the expectation and the Gaussians. */
export function withoutExpectation(method: MethodOptions): MethodOptions {
  const grids = method.grids === 'gaussian+restoring' ? 'restoring' : method.grids;
  return { ...method, grids, expectation: 'none' };
}

const allGrids = fields.grids.options;
const withTables = allGrids.filter((grids) => grids !== 'none');

/** Options that only some grids use. */
const gridsThatTake = {
  orientation: allGrids.filter((grids) => onlyRestores({ grids })),
  anomalySource: allGrids.filter((grids) => stagesOf({ grids }).includes('abnormal')),
  localResolution: withTables,
  globalResolution: withTables,
  jitter: withTables,
} satisfies Partial<Record<keyof TrainOptions, readonly MethodOptions['grids'][]>>;

/**
 * Refuses options without effect: a comparison that sets one would seem to show that it makes no difference.
 * @throws OPTION_INVALID
 */
function checkEffects(options: z.output<typeof trainOptionsSchema>, grids: MethodOptions['grids']) {
  for (const [name, taking] of Object.entries(gridsThatTake)) {
    const isGiven = options[name as keyof typeof gridsThatTake] !== undefined;
    if (!isGiven || taking.some((one) => one === grids)) continue;
    fail(
      'OPTION_INVALID',
      `Expected grids ${taking.join(' or ')} with ${name}, which has no effect otherwise, but received ${grids}`,
      { remedy: `Leave ${name} out, or choose other grids.` },
    );
  }
  const { tile, expectation = 'none', orientation } = options;
  const hasPlaces = tile === undefined && options.expectation !== 'none';
  const instead = tile === undefined ? 'expectation none' : 'tile';
  if (options.grids === 'gaussian+restoring' && !hasPlaces) {
    refusePair(
      `Expected grids other than gaussian+restoring with ${instead} but received gaussian+restoring`,
    );
  }
  if (orientation === 'free' && !hasPlaces) {
    refusePair(`Expected an orientation other than free with ${instead} but received free`);
  }
  if (tile !== undefined && options.light === 'free') {
    refusePair('Expected a light other than free with tile but received free');
  }
  if (tile !== undefined && expectation !== 'none') {
    refusePair(
      `Expected no expectation, or none, with tile, because tiles do not support it, but received ${expectation}`,
    );
  }
}

/** @throws OPTION_INVALID */
function refusePair(message: string): never {
  return fail('OPTION_INVALID', message, { remedy: 'Leave one of the two out.' });
}
