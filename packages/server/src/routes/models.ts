import { manifestSchema } from '@bigrid/node/internal';
import type { FastifyInstance } from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { errorResponses } from '../plugins/errors.ts';
import type { Services } from '../services/services.ts';
import { modelNameSchema, rulesSchema, settingsSchema } from '../services/settings.ts';
import { bodyStream } from './body-stream.ts';
import { hasAlready } from './etag.ts';

const name = z.object({ name: modelNameSchema });
const version = name.extend({ version: z.coerce.number().int().min(1) });

const versionSchema = z
  .object({
    model: z.string(),
    version: z.int(),
    isActive: z.boolean().describe('Whether requests that name no version get it'),
    isLoaded: z.boolean(),
    file: z.string().describe('SHA-256 of the model file'),
    bytes: z.int(),
    note: z.string(),
    settings: settingsSchema,
    createdAt: z.iso.datetime(),
  })
  .meta({ id: 'ModelVersion' });

export type ModelVersion = z.output<typeof versionSchema>;

const detailedSchema = versionSchema
  .extend({
    manifest: manifestSchema.describe('That of the model file, under the rules of the settings'),
    asTrained: rulesSchema
      .pick({ threshold: true, unsure: true })
      .required()
      .describe('Rules that give the thresholds of the model file again'),
    promise: z.string().describe('What the threshold promises, a sentence'),
  })
  .meta({ id: 'DetailedModelVersion' });

export type DetailedModelVersion = z.output<typeof detailedSchema>;

const noteSchema = z.string().max(1000);

const uploadQuery = z.object({
  note: noteSchema.default(''),
  activate: z.stringbool().default(true).describe('Whether to use it from now on'),
});

const tags = ['models'];

/** Models and their versions: upload, activate, roll back, change rules, delete. */
export async function modelRoutes(app: FastifyInstance, services: Services): Promise<void> {
  // A model file is streamed to disk, whatever its size.
  app.removeAllContentTypeParsers();
  app.addContentTypeParser(
    'application/json',
    { parseAs: 'string' },
    app.getDefaultJsonParser('error', 'error'),
  );
  app.addContentTypeParser('*', (_, payload, done) => done(null, payload));
  listAndUpload(app, services);
  describeVersions(app, services);
  changeVersions(app, services);
  changeMasks(app, services);
  remove(app, services);
}

function listAndUpload(app: FastifyInstance, { models }: Services): void {
  const typed = app.withTypeProvider<ZodTypeProvider>();
  typed.get(
    '/v1/models',
    {
      config: { role: 'viewer' },
      schema: {
        tags,
        summary: 'List all versions of all models',
        response: { 200: z.array(versionSchema) },
      },
    },
    async () => models.list(),
  );
  typed.get(
    '/v1/models/:name',
    {
      config: { role: 'viewer' },
      schema: {
        tags,
        summary: 'List the versions of a model',
        params: name,
        response: { 200: z.array(versionSchema), ...errorResponses },
      },
    },
    async ({ params }) => models.versions(params.name),
  );
  typed.post(
    '/v1/models/:name/versions',
    {
      config: { role: 'admin' },
      schema: {
        tags,
        summary: 'Upload a model file as a new version',
        description:
          'The body is the .onnx file that training wrote. It is loaded once before it is accepted.',
        params: name,
        querystring: uploadQuery,
        consumes: ['application/octet-stream'],
        response: { 201: versionSchema, ...errorResponses },
      },
      bodyLimit: Number.MAX_SAFE_INTEGER,
    },
    async ({ params, query, body }, reply) => {
      const content = bodyStream(body, 'a model file');
      const added = await models.add({ model: params.name, content, ...query });
      return reply.code(201).send(added);
    },
  );
}

function describeVersions(app: FastifyInstance, { models }: Services): void {
  const typed = app.withTypeProvider<ZodTypeProvider>();
  typed.get(
    '/v1/models/:name/versions/:version',
    {
      config: { role: 'viewer' },
      schema: {
        tags,
        summary: 'Describe a version: how it was trained, and what judges now',
        params: version,
        response: { 200: detailedSchema, ...errorResponses },
      },
    },
    async ({ params }) => models.detailed(params.name, params.version),
  );
  typed.get(
    '/v1/models/:name/versions/:version/file',
    {
      config: { role: 'viewer' },
      schema: {
        tags,
        summary: 'Download the model file of a version',
        params: version,
        produces: ['application/octet-stream'],
        response: {
          200: z.unknown(),
          304: z.null().describe('The client has it already'),
          ...errorResponses,
        } as Record<string, z.ZodType>,
      },
    },
    async (request, reply) => {
      const found = models.version(request.params.name, request.params.version);
      if (hasAlready(request, reply, found.file)) return reply.code(304).send();
      return reply
        .type('application/octet-stream')
        .header('Content-Length', found.bytes)
        .header(
          'Content-Disposition',
          `attachment; filename="${found.model}-${found.version}.onnx"`,
        )
        .send(models.content(found));
    },
  );
}

function changeVersions(app: FastifyInstance, { models }: Services): void {
  const typed = app.withTypeProvider<ZodTypeProvider>();
  typed.patch(
    '/v1/models/:name/versions/:version',
    {
      config: { role: 'admin' },
      schema: {
        tags,
        summary: 'Change the note of a version',
        params: version,
        body: z.strictObject({ note: noteSchema }),
        response: { 200: versionSchema, ...errorResponses },
      },
    },
    async ({ params, body }) => models.setNote(params.name, params.version, body.note),
  );
  typed.post(
    '/v1/models/:name/versions/:version/activate',
    {
      config: { role: 'admin' },
      schema: {
        tags,
        summary: 'Use a version from now on; an earlier one to roll back',
        params: version,
        response: { 200: versionSchema, ...errorResponses },
      },
    },
    async ({ params }) => models.activate(params.name, params.version),
  );
  typed.put(
    '/v1/models/:name/versions/:version/settings',
    {
      config: { role: 'admin' },
      schema: {
        tags,
        summary: 'Change how a version judges',
        params: version,
        body: rulesSchema,
        response: { 200: versionSchema, ...errorResponses },
      },
    },
    async ({ params, body }) => models.setRules(params.name, params.version, body),
  );
}

function changeMasks(app: FastifyInstance, { models }: Services): void {
  const typed = app.withTypeProvider<ZodTypeProvider>();
  typed.put(
    '/v1/models/:name/versions/:version/mask',
    {
      config: { role: 'admin' },
      schema: {
        tags,
        summary: 'Ignore an area',
        description: 'The body is an image, white where images are to be ignored.',
        params: version,
        consumes: ['image/*'],
        response: { 200: versionSchema, ...errorResponses },
      },
    },
    async ({ params, body }) =>
      models.setMask(params.name, params.version, bodyStream(body, 'a mask')),
  );
  typed.delete(
    '/v1/models/:name/versions/:version/mask',
    {
      config: { role: 'admin' },
      schema: {
        tags,
        summary: 'Ignore only what the model file ignores',
        params: version,
        response: { 200: versionSchema, ...errorResponses },
      },
    },
    async ({ params }) => models.setMask(params.name, params.version),
  );
}

function remove(app: FastifyInstance, { models }: Services): void {
  const typed = app.withTypeProvider<ZodTypeProvider>();
  typed.delete(
    '/v1/models/:name/versions/:version',
    {
      config: { role: 'admin' },
      schema: {
        tags,
        summary: 'Delete a version',
        params: version,
        response: { 204: z.null(), ...errorResponses },
      },
    },
    async ({ params }, reply) => {
      await models.removeVersion(params.name, params.version);
      return reply.code(204).send(null);
    },
  );
  typed.delete(
    '/v1/models/:name',
    {
      config: { role: 'admin' },
      schema: {
        tags,
        summary: 'Delete a model with all of its versions',
        params: name,
        response: { 204: z.null(), ...errorResponses },
      },
    },
    async ({ params }, reply) => {
      await models.remove(params.name);
      return reply.code(204).send(null);
    },
  );
}
