import type { FastifyInstance } from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import { z } from 'zod';
import type { Services } from '../services/services.ts';

const live = z.object({ live: z.boolean() });
const ready = z.object({ ready: z.boolean() });

/** Whether the server runs, and whether it can work; under the names of the protocol as well. */
export async function healthRoutes(
  app: FastifyInstance,
  { jobs, models }: Services,
): Promise<void> {
  const typed = app.withTypeProvider<ZodTypeProvider>();
  for (const prefix of ['/health', '/v2/health']) {
    const tags = ['health'];
    // Load balancers and orchestrators ask without a key.
    const config = { role: prefix === '/health' ? 'anyone' : 'viewer' } as const;
    typed.get(
      `${prefix}/live`,
      { config, schema: { tags, summary: 'Whether the server runs', response: { 200: live } } },
      async () => ({ live: true }),
    );
    typed.get(
      `${prefix}/ready`,
      {
        config,
        schema: {
          tags,
          summary: 'Whether every active model is loaded, and the queue can be reached',
          response: { 200: ready, 503: ready },
        },
      },
      async (_, reply) => {
        const isReady = models.isReady && jobs.isReachable;
        return reply.code(isReady ? 200 : 503).send({ ready: isReady });
      },
    );
  }
}
