import { Readable } from 'node:stream';
import { stringify } from 'csv-stringify/sync';
import type { FastifyInstance } from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { errorResponses } from '../plugins/errors.ts';
import type { InspectionLog, LoggedInspection } from '../services/inspections.ts';
import type { Services } from '../services/services.ts';
import { modelNameSchema } from '../services/settings.ts';
import { timeSchema } from './time-schema.ts';

const query = z.object({
  model: modelNameSchema.optional(),
  version: z.coerce.number().int().min(1).optional(),
  verdict: z.enum(['normal', 'unsure', 'anomalous']).optional(),
  source: z.string().max(100).optional().describe('`http`, or `stream:NAME`'),
  search: z.string().max(200).optional().describe('Part of the name'),
  from: timeSchema.optional().describe('ISO 8601'),
  to: timeSchema.optional().describe('ISO 8601, exclusive'),
  cursor: z.coerce
    .number()
    .int()
    .min(1)
    .default(Number.MAX_SAFE_INTEGER)
    .describe('`next` of the page before'),
  limit: z.coerce.number().int().min(1).max(1000).default(100),
});

const inspectionSchema = z
  .object({
    id: z.int(),
    at: z.iso.datetime(),
    model: z.string(),
    version: z.int(),
    source: z.string().describe('`http`, or `stream:NAME`'),
    name: z.string().describe('Of the image file; empty if it has none'),
    score: z.number(),
    threshold: z.number(),
    verdict: z.enum(['normal', 'unsure', 'anomalous']),
    unknown: z.boolean(),
    brightness: z.number().describe('Mean lightness, 0..1'),
    contrast: z.number().describe('Standard deviation of lightness, divided by its mean'),
    sharpness: z
      .number()
      .describe('Mean difference between neighbours, divided by the standard deviation'),
    red: z.number().describe('Share of red + green + blue, 0..1'),
    blue: z.number().describe('Share of red + green + blue, 0..1'),
    milliseconds: z.number().describe('From the start of decoding to the verdict'),
  })
  .meta({ id: 'LoggedInspection' });

export type InspectionPage = z.output<typeof pageSchema>;

const columns = Object.keys(inspectionSchema.shape);

const pageSchema = z.object({
  inspections: z.array(inspectionSchema),
  next: z.int().nullable().describe('The cursor of the next page; null on the last'),
});

/** `GET /v1/inspections`: what was inspected for clients and streams, as pages or as CSV. */
export async function inspectionRoutes(
  app: FastifyInstance,
  { inspections }: Services,
): Promise<void> {
  app.withTypeProvider<ZodTypeProvider>().get(
    '/v1/inspections',
    {
      config: { role: 'viewer' },
      schema: {
        tags: ['inspections'],
        summary: 'List inspections of clients and streams, newest first',
        description:
          'With `Accept: text/csv`, all that match as CSV, whatever `cursor` and `limit`. `--log-inspections` says how many are kept; inspections of jobs are not among them.',
        querystring: query,
        produces: ['application/json', 'text/csv'],
        response: { 200: pageSchema, ...errorResponses } as Record<string, z.ZodType>,
      },
    },
    async ({ query: { cursor, limit, ...filter }, headers: { accept = '' } }, reply) => {
      if (!accept.includes('text/csv')) return inspections.list(filter, cursor, limit);
      return reply
        .type('text/csv; charset=utf-8')
        .header('Content-Disposition', 'attachment; filename="inspections.csv"')
        .send(Readable.from(csvOf(inspections.all(filter))));
    },
  );
}

async function* csvOf(batches: ReturnType<InspectionLog['all']>): AsyncGenerator<string> {
  yield stringify([columns]);
  for await (const batch of batches) {
    yield stringify(batch as LoggedInspection[], {
      columns,
      cast: { boolean: String },
      // Clients choose the names, and spreadsheets run what looks like a formula.
      escape_formulas: true,
    });
  }
}
