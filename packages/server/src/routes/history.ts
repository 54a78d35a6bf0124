import type { FastifyInstance } from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { errorResponses } from '../plugins/errors.ts';
import { measureNames } from '../services/history.ts';
import type { Services } from '../services/services.ts';
import { modelNameSchema } from '../services/settings.ts';
import { timeSchema } from './time-schema.ts';

const params = z.object({ name: modelNameSchema });
const version = z.coerce.number().int().min(1).optional().describe('The active one if left out');

const bandSchema = z
  .object({ low: z.number(), median: z.number(), high: z.number() })
  .describe('98 % of the values lie between low and high');

/** A field for each measure. */
function perMeasure<Schema extends z.ZodType>(schema: Schema) {
  const fields = measureNames.map((name) => [name, schema] as const);
  return Object.fromEntries(fields) as Record<(typeof measureNames)[number], Schema>;
}

const historySchema = z
  .object({
    model: z.string(),
    version: z.int(),
    bins: z.array(
      z.object({
        from: z.iso.datetime(),
        to: z.iso.datetime().describe('Exclusive'),
        count: z.int().describe('Number of inspections'),
        anomalous: z.int(),
        unsure: z.int(),
        unknown: z.int(),
        ...perMeasure(bandSchema.nullable()),
      }),
    ),
    reference: z.object(perMeasure(bandSchema)).describe('Of the good images at calibration'),
  })
  .meta({ id: 'History' });

const summarySchema = bandSchema.extend({ count: z.int() });

export const measureDriftSchema = z
  .object({
    name: z.enum(measureNames),
    before: summarySchema,
    now: summarySchema,
    shift: z
      .number()
      .optional()
      .describe('How far the median moved, in standard deviations at calibration'),
    outside: z
      .object({
        below: z.int(),
        above: z.int(),
        expected: z.number().describe('Expected share outside if nothing changed, 0..1'),
        probability: z.number().describe('Of at least as many outside if nothing changed'),
      })
      .describe('Inspections outside the band that held 98 of 100 at calibration'),
    probability: z.number().describe('Of a difference this large if nothing changed'),
    moved: z.boolean(),
    isMixed: z.boolean().describe('Whether only some of the inspections moved'),
  })
  .meta({ id: 'MeasureDrift' });

const driftSchema = z
  .object({
    drifted: z.boolean().describe('Whether any measure moved'),
    measures: z.array(measureDriftSchema).describe('Those that moved first, the furthest first'),
    inspected: z.int().describe('Number of inspections compared'),
  })
  .meta({ id: 'Drift' });

export type History = z.output<typeof historySchema>;
export type Drift = z.output<typeof driftSchema>;

const tags = ['inspections'];

/** What the log of inspections tells about a model: its history, and whether it drifts. */
export async function historyRoutes(app: FastifyInstance, { history }: Services): Promise<void> {
  const typed = app.withTypeProvider<ZodTypeProvider>();
  typed.get(
    '/v1/models/:name/history',
    {
      config: { role: 'viewer' },
      schema: {
        tags,
        summary: 'Summarise the inspections of a version over time',
        description:
          'Bins of equal time, with counts and where the values of each measure lie. Counts are exact; above 1,000 inspections in a bin the values are those of about 1,000.',
        params,
        querystring: z.object({
          version,
          from: timeSchema.optional().describe('ISO 8601; the first inspection if left out'),
          to: timeSchema.optional().describe('ISO 8601, exclusive; now if left out'),
          bins: z.coerce.number().int().min(1).max(200).default(50),
        }),
        response: { 200: historySchema, ...errorResponses },
      },
    },
    async ({ params: { name }, query }) => history.history(name, query),
  );
  typed.get(
    '/v1/models/:name/drift',
    {
      config: { role: 'viewer' },
      schema: {
        tags,
        summary: 'Compare the latest inspections of a version with those of calibration',
        params,
        querystring: z.object({
          version,
          last: z.coerce
            .number()
            .int()
            .min(10)
            .max(10_000)
            .default(100)
            .describe('Latest inspections to compare'),
        }),
        response: { 200: driftSchema, ...errorResponses },
      },
    },
    async ({ params: { name }, query: { version: asked, last } }) =>
      history.drift(name, asked, last),
  );
}
