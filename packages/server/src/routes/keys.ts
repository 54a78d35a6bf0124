import type { FastifyInstance } from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { errorResponses } from '../plugins/errors.ts';
import { SERVER } from '../services/audit.ts';
import { loopback } from '../services/keys.ts';
import { roles } from '../services/roles.ts';
import type { Services } from '../services/services.ts';
import { nameSchema } from '../services/settings.ts';

const keyNameSchema = nameSchema('Name of a key, which the audit log shows');

const keySchema = z
  .object({
    name: keyNameSchema,
    role: z.enum(roles).describe('What it allows: to look, to inspect, or everything'),
    createdAt: z.iso.datetime(),
  })
  .meta({ id: 'Key' });

const newKeySchema = keySchema
  .extend({ key: z.string().describe('What to send. It is not stored and never shown again') })
  .meta({ id: 'NewKey' });

const creation = z.strictObject({
  name: keyNameSchema.refine((name) => name !== loopback.name && name !== SERVER, {
    message: `${loopback.name} and ${SERVER} stand for what is done without a key`,
  }),
  role: keySchema.shape.role,
});

const tags = ['keys'];
const config = { role: 'admin' } as const;

/** Keys: who may do what. */
export async function keyRoutes(app: FastifyInstance, { keys }: Services): Promise<void> {
  const typed = app.withTypeProvider<ZodTypeProvider>();
  typed.get(
    '/v1/keys',
    {
      config,
      schema: {
        tags,
        summary: 'List the keys',
        response: { 200: z.array(keySchema), ...errorResponses },
      },
    },
    async () => keys.list(),
  );
  typed.post(
    '/v1/keys',
    {
      config,
      schema: {
        tags,
        summary: 'Create a key',
        body: creation,
        response: { 201: newKeySchema, ...errorResponses },
      },
    },
    async ({ body: { name, role } }, reply) => {
      const created = await keys.create(name, role);
      return reply.code(201).header('Cache-Control', 'no-store').send(created);
    },
  );
  typed.delete(
    '/v1/keys/:name',
    {
      config,
      schema: {
        tags,
        summary: 'Revoke a key',
        params: z.object({ name: keyNameSchema }),
        response: { 204: z.null(), ...errorResponses },
      },
    },
    async ({ params }, reply) => {
      await keys.revoke(params.name);
      return reply.code(204).send(null);
    },
  );
}
