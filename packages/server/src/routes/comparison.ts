import type { FastifyInstance } from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { errorResponses } from '../plugins/errors.ts';
import { projectNameSchema } from '../services/projects.ts';
import type { Services } from '../services/services.ts';
import { modelNameSchema } from '../services/settings.ts';

const version = z.coerce.number().int().min(1).optional().describe('The active one if left out');
const query = z.object({
  model: modelNameSchema,
  version,
  otherModel: modelNameSchema.optional().describe('The same model if left out'),
  otherVersion: version,
  split: z
    .enum(['train', 'test'])
    .optional()
    .describe('Only images for that; both if left out, although training has seen the others'),
});

const versionSchema = z.object({
  model: z.string(),
  version: z.int(),
  threshold: z.number(),
  falseAlarms: z.int().describe('Normal images above the threshold'),
  missed: z.int().describe('Defects at or below the threshold'),
  auroc: z.number().nullable().describe('Null unless there are normal images and defects'),
});

const verdict = z.enum(['normal', 'unsure', 'anomalous']);

const comparisonSchema = z
  .object({
    images: z.int().describe('Labelled images that both versions have inspected'),
    normal: z.int(),
    defects: z.int(),
    first: versionSchema,
    second: versionSchema,
    mcNemar: z
      .object({
        firstOnly: z.int().describe('Images that only the first version gets right'),
        secondOnly: z.int(),
        pValue: z.number(),
      })
      .describe('Exact test of McNemar whether both are wrong equally often'),
    auroc: z
      .object({
        difference: z.number().describe('That of the second less that of the first'),
        low: z.number().describe('Of an interval that has the true difference in 95 % of cases'),
        high: z.number(),
        pValue: z.number(),
      })
      .nullable()
      .describe('Test of DeLong whether both rank equally well; null if there are too few images'),
    changed: z
      .array(
        z.object({
          image: z.int(),
          first: verdict,
          second: verdict,
          firstScore: z.number(),
          secondScore: z.number(),
          label: z.enum(['normal', 'defect']),
        }),
      )
      .describe('Images with different verdicts'),
  })
  .meta({ id: 'Comparison' });

export type Comparison = z.output<typeof comparisonSchema>;

/** `GET /v1/projects/:project/comparison`: which of two versions is better. */
export async function comparisonRoutes(
  app: FastifyInstance,
  { comparisons }: Services,
): Promise<void> {
  app.withTypeProvider<ZodTypeProvider>().get(
    '/v1/projects/:project/comparison',
    {
      config: { role: 'viewer' },
      schema: {
        tags: ['scores'],
        summary: 'Compare two versions on the labelled images that both have inspected',
        description: 'Jobs of the kind inspect give the images their scores.',
        params: z.object({ project: projectNameSchema }),
        querystring: query,
        response: { 200: comparisonSchema, ...errorResponses },
      },
    },
    async ({ params: { project }, query: { model, version, otherModel, otherVersion, split } }) =>
      comparisons.compare(
        project,
        { model, version },
        { model: otherModel ?? model, version: otherVersion },
        split,
      ),
  );
}
