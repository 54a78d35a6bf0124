import type { FastifyInstance } from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { errorResponses } from '../plugins/errors.ts';
import { examplesFor } from '../services/examples.ts';
import { loopback } from '../services/keys.ts';
import type { Services } from '../services/services.ts';
import { modelNameSchema } from '../services/settings.ts';

const params = z.object({ name: modelNameSchema, version: z.coerce.number().int().min(1) });

const exampleSchema = z
  .object({
    language: z.enum(['shell', 'javascript', 'python', 'csharp']),
    title: z.string(),
    code: z.string(),
  })
  .meta({ id: 'Example' });

export type Example = z.output<typeof exampleSchema>;

/** `GET /v1/models/:name/versions/:version/examples`: programs to copy. */
export async function exampleRoutes(app: FastifyInstance, { models }: Services): Promise<void> {
  app.withTypeProvider<ZodTypeProvider>().get(
    '/v1/models/:name/versions/:version/examples',
    {
      schema: {
        tags: ['models'],
        summary: 'Programs that inspect an image with a version, to copy',
        description:
          'Each inspects image.png and prints its score: on the command line, over HTTP, and with ONNX Runtime in several languages.',
        params,
        response: { 200: z.array(exampleSchema), ...errorResponses },
      },
      config: { role: 'viewer' },
    },
    async ({ params: { name, version }, caller, protocol, host }) => {
      const { settings, manifest } = await models.detailed(name, version);
      return examplesFor({
        ...{ model: name, version, rules: settings },
        threshold: manifest.calibration.threshold,
        url: `${protocol}://${host}`,
        needsKey: caller !== loopback,
      });
    },
  );
}
