import type { FastifyInstance } from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { errorResponses } from '../plugins/errors.ts';
import type { Services } from '../services/services.ts';
import { bodyStream } from './body-stream.ts';
import { hasAlready } from './etag.ts';
import { imageParams, imageSchema } from './images.ts';

const url = '/v1/projects/:project/images/:image/ground-truth';
const tags = ['images'];

/** The ground-truth mask of an image: set, download, delete. */
export async function groundTruthRoutes(app: FastifyInstance, services: Services): Promise<void> {
  await app.register(async (streaming) => set(streaming, services));
  readAndDelete(app, services);
}

function set(app: FastifyInstance, { groundTruths }: Services): void {
  // Masks are streamed to disk, whatever Content-Type the client chose.
  app.removeContentTypeParser(['application/json', 'text/plain']);
  app.addContentTypeParser('*', (_, payload, done) => done(null, payload));
  app.withTypeProvider<ZodTypeProvider>().put(
    url,
    {
      schema: {
        tags,
        summary: 'Set where the defect of an image is',
        description:
          'The body is a PNG of the size of the image, white where the defect is. Evaluations then have metrics of pixels.',
        params: imageParams,
        consumes: ['image/png'],
        response: { 200: imageSchema, ...errorResponses },
      },
      config: { role: 'operator' },
      bodyLimit: Number.MAX_SAFE_INTEGER,
    },
    async ({ params: { project, image }, body }) =>
      groundTruths.set(project, image, bodyStream(body, 'a mask', 'Send the bytes of a PNG.')),
  );
}

function readAndDelete(app: FastifyInstance, { groundTruths }: Services): void {
  const typed = app.withTypeProvider<ZodTypeProvider>();
  typed.get(
    url,
    {
      schema: {
        tags,
        summary: 'Download where the defect of an image is, PNG',
        params: imageParams,
        response: { 200: z.unknown(), ...errorResponses } as Record<string, z.ZodType>,
      },
      config: { role: 'viewer' },
      // Bytes, not JSON.
      serializerCompiler: () => (value: unknown) => JSON.stringify(value),
    },
    async (request, reply) => {
      const { project, image } = request.params;
      const { hash, content } = groundTruths.read(project, image);
      if (hasAlready(request, reply, hash)) {
        content.destroy();
        return reply.code(304).send();
      }
      return reply.type('image/png').send(content);
    },
  );
  typed.delete(
    url,
    {
      schema: {
        tags,
        summary: 'Delete where the defect of an image is',
        params: imageParams,
        response: { 204: z.null(), ...errorResponses },
      },
      config: { role: 'operator' },
    },
    async ({ params: { project, image } }, reply) => {
      await groundTruths.remove(project, image);
      return reply.code(204).send(null);
    },
  );
}
