import type { FastifyInstance } from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { errorResponses } from '../plugins/errors.ts';
import { auditActions } from '../services/audit.ts';
import type { Services } from '../services/services.ts';

const query = z.object({
  before: z.coerce
    .number()
    .int()
    .min(1)
    .default(Number.MAX_SAFE_INTEGER)
    .describe('Only entries with a lower id'),
  limit: z.coerce.number().int().min(1).max(1000).default(100),
});

const entrySchema = z
  .object({
    id: z.int(),
    at: z.iso.datetime(),
    by: z.string().describe('Name of the key, loopback without one, or server'),
    action: z.enum(auditActions),
    subject: z.string().describe('Name of a key or model, or MODEL/VERSION'),
    details: z.record(z.string(), z.unknown()),
  })
  .meta({ id: 'AuditEntry' });

/** `GET /v1/audit`: who changed what. */
export async function auditRoutes(app: FastifyInstance, { audit }: Services): Promise<void> {
  app.withTypeProvider<ZodTypeProvider>().get(
    '/v1/audit',
    {
      config: { role: 'admin' },
      schema: {
        tags: ['audit'],
        summary: 'List who changed models, settings and keys, newest first',
        querystring: query,
        response: { 200: z.array(entrySchema), ...errorResponses },
      },
    },
    async ({ query: { before, limit } }) => audit.list(before, limit),
  );
}
