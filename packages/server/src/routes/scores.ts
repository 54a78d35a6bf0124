import { createHash } from 'node:crypto';
import { version as softwareVersion } from '@bigrid/node';
import type { FastifyInstance } from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { errorResponses } from '../plugins/errors.ts';
import { projectNameSchema } from '../services/projects.ts';
import type { Services } from '../services/services.ts';
import { modelNameSchema } from '../services/settings.ts';
import { hasAlready } from './etag.ts';
import { goneSignal } from './gone-signal.ts';
import {
  acceptedForm,
  resultOf,
  resultSchema,
  rulesQuery,
  sendInspected,
} from './inspection-result.ts';

const params = z.object({ project: projectNameSchema });
const imageParams = params.extend({ image: z.coerce.number().int().min(1) });

const versionQuery = z.object({
  model: modelNameSchema,
  version: z.coerce.number().int().min(1).optional().describe('The active one if left out'),
});

const scoresSchema = z
  .object({
    model: z.string(),
    version: z.int(),
    images: z.array(z.int()).describe('Ids of the images that have a score, ascending'),
    scores: z.array(z.number()).describe('In the order of the images'),
  })
  .meta({ id: 'Scores' });

export type Scores = z.output<typeof scoresSchema>;

const tags = ['scores'];
const config = { role: 'viewer' } as const;

/** What versions of models say about the images of projects. */
export async function scoreRoutes(app: FastifyInstance, services: Services): Promise<void> {
  list(app, services);
  inspection(app, services);
}

function list(app: FastifyInstance, { scores }: Services): void {
  app.withTypeProvider<ZodTypeProvider>().get(
    '/v1/projects/:project/scores',
    {
      config,
      schema: {
        tags,
        summary: 'List the scores of images by a version',
        description:
          'Of all images that the version has inspected, in jobs of the kind inspect or one by one.',
        params,
        querystring: versionQuery,
        response: { 200: scoresSchema, ...errorResponses },
      },
    },
    async ({ params: { project }, query: { model, version } }) =>
      scores.list(project, model, version),
  );
}

function inspection(app: FastifyInstance, { images, models, scores }: Services): void {
  app.withTypeProvider<ZodTypeProvider>().get(
    '/v1/projects/:project/images/:image/inspection',
    {
      config,
      schema: {
        tags,
        summary: 'Inspect an image of a project, and keep its score',
        description:
          'The response is JSON or, with `Accept: image/png`, the heat map or, with `Accept: application/x-npy`, the anomaly map or, with `Accept: multipart/form-data`, a form of both, `result` and `map`.',
        params: imageParams,
        querystring: versionQuery.extend(rulesQuery.shape),
        response: {
          200: resultSchema,
          304: z.null().describe('The client has it already'),
          ...errorResponses,
        } as Record<string, z.ZodType>,
      },
      // It may be an image or an array, not JSON.
      serializerCompiler: () => (value) => JSON.stringify(value),
    },
    async (request, reply) => {
      const { model, version: asked, ...judging } = request.query;
      const image = images.get(request.params.project, request.params.image);
      const version = models.version(model, asked);
      const form = acceptedForm(request);
      const { file, settings } = version;
      const parts = [softwareVersion, model, version.version, file, settings, judging, form];
      reply.header('Vary', 'Accept');
      if (hasAlready(request, reply, tagOf([...parts, image.file]))) return reply.code(304).send();
      const task = { judging, heatMap: form.heatMap, map: form.map };
      const inspected = await scores.inspect(image, version, task, goneSignal(reply));
      return sendInspected(reply, inspected, resultOf(inspected), form);
    },
  );
}

/** Names the content of a response by what it depends on. */
function tagOf(parts: readonly unknown[]): string {
  return createHash('sha256').update(JSON.stringify(parts)).digest('base64url');
}
