import { fail } from '@bigrid/errors';
import { methodOptionsSchema, profileNames, scheduleSchema } from '@bigrid/method';
import { z } from 'zod';
import { statisticNames } from '../image-statistics.ts';
import { thresholdRuleSchema } from './threshold-rules.ts';

/** Version of the manifest's format. A higher one is from a newer Bigrid and is refused. */
export const MANIFEST_VERSION = 1;

/** Key of the manifest among the `metadata_props` of the bundle. */
export const MANIFEST_KEY = 'bigrid.manifest';

const calibrationSchema = z.strictObject({
  scores: z
    .array(z.number())
    .min(1)
    .describe('Scores of good images that training never saw, ascending'),
  mapMaxima: z
    .array(z.number())
    .min(1)
    .describe(
      'Highest map values of the same images, in the order of their scores; unknown images are recognised by them',
    ),
  groups: z
    .array(z.int().min(0))
    .optional()
    .describe(
      'Which of the scored images are near-duplicates, such as frames of one part: one number per score, equal within a group; absent if there are none',
    ),
  origin: z
    .enum(['held-out', 'cross-fitted', 'near-duplicates', 'given'])
    .describe(
      'Which images were scored. `held-out`: held out from training; `cross-fitted`: each by a model trained on neither the image nor a near-duplicate; `near-duplicates`: near-duplicates of training images, if there were no others, so the threshold guarantees nothing; `given`: given to recalibration',
    ),
  images: z
    .record(z.enum(statisticNames), z.array(z.number()).min(1))
    .describe(
      'What the good images look like, to detect drift: values of each statistic over the images of training or recalibration, ascending, at most 200',
    ),
  measuredAt: z.iso
    .datetime()
    .optional()
    .describe('When the model was recalibrated on good images other than those held out, UTC'),
  rule: thresholdRuleSchema.describe('Rule that the thresholds are derived by'),
  threshold: z.number().describe('Images that score above it are anomalous'),
  unsure: z
    .strictObject({
      rule: thresholdRuleSchema,
      threshold: z.number().describe('At most the main threshold'),
    })
    .optional()
    .describe(
      'Images that score above this threshold but not above the main one are unsure; absent if there are only two verdicts',
    ),
  pixelThreshold: z
    .number()
    .describe(
      'Map values above it are outlined as defects: the same rule applied to `mapMaxima`, or quantile:0.99 if the rule is f1, recall or a number',
    ),
});

const rgbSchema = z.tuple([z.number(), z.number(), z.number()]);

export const manifestSchema = z.strictObject({
  manifestVersion: z.literal(MANIFEST_VERSION),
  bigridVersion: z.string().describe('Version of Bigrid that trained the model'),
  createdAt: z.iso.datetime().describe('When training ended, UTC'),
  classes: z.array(z.string()).min(1).describe('Products that the model was trained on'),
  profile: z.enum(profileNames),
  method: methodOptionsSchema,
  schedule: scheduleSchema,
  backbone: z.strictObject({
    name: z.string(),
    licence: z.string(),
    mean: rgbSchema.describe('Subtracted from pixel values 0..255, RGB'),
    deviation: rgbSchema.describe('Divisor after the subtraction'),
  }),
  calibration: calibrationSchema,
  training: z.strictObject({
    seed: z.int(),
    images: z.int().describe('Good images trained on'),
    heldOut: z.int().describe('Good images held out for the threshold'),
    leftOut: z
      .int()
      .optional()
      .describe('Good images that were not read because the training steps need fewer'),
    free: z
      .array(z.string())
      .optional()
      .describe(
        'Products that lie freely, turned at any angle: their cells are compared with a memory of normal ones; absent if there are none',
      ),
    skipped: z.int().describe('Images that could not be read'),
    steps: z.int().describe('Optimiser steps of all stages'),
    dataHash: z.string().describe('SHA-256 over the training images, in order'),
    engine: z.string(),
  }),
  learnt: z
    .base64()
    .describe(
      'First 8 bytes of the SHA-256 over the pixels of each image used in training and updates, concatenated, so that recalibration recognises them',
    ),
  updates: z
    .array(
      z.strictObject({
        at: z.iso.datetime().describe('When the update ended, UTC'),
        images: z.int().describe('New good images trained on'),
        heldOut: z.int().describe('New good images held out for the threshold'),
        steps: z.int().describe('Optimiser steps of all stages'),
      }),
    )
    .optional()
    .describe('Updates after training, in order'),
});

export interface Manifest extends z.infer<typeof manifestSchema> {}
export interface Calibration extends z.infer<typeof calibrationSchema> {}

/** Whether all products of a model lie freely. */
export const allLieFreely = ({ classes, training }: Manifest): boolean =>
  training.free?.length === classes.length;

/** @throws BUNDLE_INVALID, BUNDLE_TOO_NEW */
export function parseManifest(text: string | undefined): Manifest {
  let json: unknown;
  try {
    json = JSON.parse(text ?? '');
  } catch (cause) {
    return fail(
      'BUNDLE_INVALID',
      'Expected an ONNX model with a Bigrid manifest but received one without a manifest',
      { cause },
    );
  }
  const version = (json as { manifestVersion?: unknown } | null)?.manifestVersion;
  if (typeof version === 'number' && version > MANIFEST_VERSION) {
    const made = (json as { bigridVersion?: unknown }).bigridVersion;
    fail(
      'BUNDLE_TOO_NEW',
      `Expected a model file with manifest version ${MANIFEST_VERSION} but received version ${version}, made by Bigrid ${made}`,
    );
  }
  const manifest = manifestSchema.safeParse(json);
  if (!manifest.success) {
    fail(
      'BUNDLE_INVALID',
      `Expected a valid manifest but received one with errors:\n${z.prettifyError(manifest.error)}`,
    );
  }
  return manifest.data;
}

/**
 * Identifies a trained model: the same for all its files, whatever their thresholds and weight precision, and different
 * after an update.
 */
export function modelIdOf({ createdAt, training, updates }: Manifest): string {
  return `${updates?.at(-1)?.at ?? createdAt} ${training.dataHash.slice(0, 16)}`;
}
