import { Readable } from 'node:stream';
import { fail } from '@bigrid/errors';
import multipart from '@fastify/multipart';
import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { errorBody, errorResponses, type errorSchema, toBigridError } from '../plugins/errors.ts';
import type { Inspected } from '../services/model-version.ts';
import type { Services } from '../services/services.ts';
import { goneSignal } from './gone-signal.ts';
import {
  acceptedForm,
  resultOf,
  resultSchema,
  rulesQuery,
  sendInspected,
} from './inspection-result.ts';
import { type lookoutSchema, toLookout } from './lookout-for-vision.ts';
import { modelPaths } from './model-paths.ts';
import { multipartFiles } from './multipart-files.ts';

const query = rulesQuery.extend({
  name: z
    .string()
    .optional()
    .describe('Name of an image that is the whole body, for the log of inspections'),
  format: z
    .enum(['bigrid', 'lookout-for-vision'])
    .default('bigrid')
    .describe(
      'Shape of the JSON: that of Bigrid, or of DetectAnomalies of Amazon Lookout for Vision',
    ),
});
type Query = z.infer<typeof query>;

// Not typed further: a response may also be an image or an array.
const responses: Record<string, z.ZodType> = {
  200: resultSchema,
  ...errorResponses,
};

const schema = {
  tags: ['inspect'],
  summary: 'Inspect an image, or several',
  description:
    'The body is an image (PNG, JPEG, WebP, TIFF, AVIF, GIF or BMP). The response is JSON or, with `Accept: image/png`, the heat map or, with `Accept: application/x-npy`, the anomaly map or, with `Accept: multipart/form-data`, a form of both, `result` and `map`. To multipart/form-data it has a line of JSON per file, in their order, each with the name of the file.',
  querystring: query,
  consumes: ['image/*', 'multipart/form-data'],
  response: responses,
};

const config = { role: 'operator' } as const;

/** `POST /v1/models/:name/inspect`: an image as the body, or several as multipart/form-data. */
export async function inspectRoutes(
  app: FastifyInstance,
  { models, inspections }: Services,
): Promise<void> {
  const fileSize = app.initialConfig.bodyLimit as number;
  await app.register(multipart, { limits: { fileSize, files: 100_000 } });
  // curl and others send an image with a Content-Type of their own choice.
  for (const type of ['*', 'application/x-www-form-urlencoded']) {
    app.addContentTypeParser(type, { parseAs: 'buffer' }, (_, body, done) => done(null, body));
  }
  // What is sent has the shape of `InspectionResult` already; other types go past JSON.
  app.setSerializerCompiler(() => (value) => JSON.stringify(value));

  for (const [path, params] of modelPaths) {
    app
      .withTypeProvider<ZodTypeProvider>()
      .post(
        `/v1${path}/inspect`,
        { config, schema: { ...schema, params } },
        async (request, reply) => {
          const { name: model, version } = request.params;
          const { format: _, name: given = '', ...judging } = request.query;
          const signal = goneSignal(reply);
          const inspect = async (task: Task) => {
            const inspected = await models.inspect({ ...task, model, version, judging }, signal);
            const name = request.isMultipart() ? task.name : given;
            inspections.record({ source: 'http', name }, inspected);
            return inspected;
          };
          return request.isMultipart()
            ? sendLines(request, reply, inspect)
            : sendOne(request, reply, inspect);
        },
      );
  }
}

interface Task {
  readonly image: Uint8Array;
  readonly name: string;
  readonly heatMap?: boolean;
  readonly map?: boolean;
}

type Inspect = (task: Task) => Promise<Inspected>;

async function sendOne(request: FastifyRequest, reply: FastifyReply, inspect: Inspect) {
  const image = bodyOf(request);
  const accepted = acceptedForm(request);
  const { heatMap, map } = accepted;
  const inspected = await inspect({ image, name: 'image', heatMap, map });
  return sendInspected(reply, inspected, shaped(inspected, request.query as Query), accepted);
}

/** Answers with the results of all files as they come. */
function sendLines(request: FastifyRequest, reply: FastifyReply, inspect: Inspect) {
  const lines = resultLines(request, inspect);
  return reply.type('application/x-ndjson').send(Readable.from(lines));
}

/**
 * A line of JSON for each file of a multipart request. A file that cannot be inspected gets its error; so does a form that is
 * malformed, in a last line without a name, because the response has begun by then.
 */
async function* resultLines(request: FastifyRequest, inspect: Inspect): AsyncGenerator<string> {
  try {
    for await (const file of multipartFiles(request)) {
      const name = file.filename;
      const line = await inspect({ image: await file.toBuffer(), name }).then(
        (inspected) => shaped(inspected, request.query as Query),
        failureLine,
      );
      yield `${JSON.stringify({ name, ...line })}\n`;
    }
  } catch (error) {
    yield `${JSON.stringify(failureLine(error))}\n`;
  }
}

function failureLine(error: unknown): z.infer<typeof errorSchema> {
  return errorBody(toBigridError(error as FastifyError));
}

function shaped(inspected: Inspected, { format }: Query): object | z.infer<typeof lookoutSchema> {
  return format === 'lookout-for-vision' ? toLookout(inspected.result) : resultOf(inspected);
}

/** @throws REQUEST_INVALID */
function bodyOf({ body }: FastifyRequest): Uint8Array {
  if (body instanceof Uint8Array && body.length > 0) return body;
  return fail('REQUEST_INVALID', 'Expected an image as the body but received nothing', {
    remedy: 'Send the bytes of an image, or files as multipart/form-data.',
  });
}
