import { requestSchemas } from '@bigrid/node/internal';
import { z } from 'zod';
import type { NamedJobRow } from '../repositories/jobs.ts';
import { projectNameSchema } from './projects.ts';
import { modelNameSchema } from './settings.ts';

const { train, evaluate, calibrate, update, checkData, drift } = requestSchemas;
/** What the server itself gives to the functions. */
const given = { onEvent: true, signal: true } as const;

const common = {
  project: projectNameSchema,
  images: z
    .array(z.int().min(1))
    .min(1)
    .max(100_000)
    .optional()
    .describe('Ids of the images to use; all that the kind of job uses if left out'),
};
const source = {
  model: modelNameSchema,
  version: z.int().min(1).optional().describe('The active one if left out'),
};
const outcome = {
  note: z.string().max(1000).default('').describe('Of the new version'),
  activate: z
    .boolean()
    .default(false)
    .describe('Whether to use the new version from now on; the first of a model always is'),
};

const trainOptions = train.omit({
  ...given,
  ...{ out: true, mask: true, from: true, resume: true, s3Root: true, preview: true },
  ...{ backbone: true, backboneMean: true, backboneDeviation: true },
});
const calibrateOptions = calibrate.omit({ ...given, out: true, mask: true, dir: true });
const updateOptions = update.omit({
  ...given,
  ...{ out: true, replayFrom: true, s3Root: true },
  ...{ backbone: true, backboneMean: true, backboneDeviation: true },
});
const evaluateOptions = evaluate.omit({ ...given, mask: true, s3Root: true, onImage: true });
const doctorOptions = checkData.omit({ s3Root: true, onImage: true, signal: true });
const driftOptions = drift.extend(evaluateOptions.shape);

const kind = <Kind extends string>(name: Kind, what: string) => z.literal(name).describe(what);

/** A job as a client asks for it. Its options are those of the function of the API that does the work. */
export const jobRequestSchema = z
  .discriminatedUnion('kind', [
    z.strictObject({
      kind: kind('train', 'Train on the normal images; gives a new version of the model'),
      ...common,
      model: modelNameSchema.optional().describe('Name of the project if left out'),
      ...outcome,
      options: trainOptions.default({}),
    }),
    z.strictObject({
      kind: kind('evaluate', 'Measure the model on the test images'),
      ...common,
      ...source,
      options: evaluateOptions.default({}),
    }),
    z.strictObject({
      kind: kind('calibrate', 'Set the threshold by the test images; gives a new version'),
      ...common,
      ...source,
      ...outcome,
      options: calibrateOptions.default({}),
    }),
    z.strictObject({
      kind: kind('update', 'Train the model on more normal images; gives a new version'),
      ...common,
      ...source,
      ...outcome,
      options: updateOptions.default({}),
    }),
    z.strictObject({
      kind: kind('doctor', 'Look for unusual or duplicate images'),
      ...common,
      options: doctorOptions.default({}),
    }),
    z.strictObject({
      kind: kind('drift', 'Compare the latest images with those of calibration'),
      ...common,
      ...source,
      options: driftOptions.default({}),
    }),
    z.strictObject({
      kind: kind(
        'inspect',
        'Inspect images of the project that have no score; stores their scores',
      ),
      ...common,
      ...source,
      options: z.strictObject({}).default({}),
    }),
  ])
  .meta({ id: 'JobRequest' });

export type JobRequest = z.output<typeof jobRequestSchema>;

/** The version that a job works with; undefined for a job that needs none. */
export function sourceOf(
  request: JobRequest,
): { readonly model: string; readonly version?: number | undefined } | undefined {
  return request.kind === 'train' || request.kind === 'doctor' ? undefined : request;
}

/** The request of a job, as it was stored. */
export function requestOf({ request }: NamedJobRow): JobRequest {
  return jobRequestSchema.parse(JSON.parse(request));
}
