import multipart from '@fastify/multipart';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { errorBody, errorResponses, errorSchema } from '../plugins/errors.ts';
import { labellingSchema } from '../services/image-labels.ts';
import { projectNameSchema } from '../services/projects.ts';
import type { Services } from '../services/services.ts';
import type { Uploaded, UploadedFile } from '../services/uploads.ts';
import { bodyStream } from './body-stream.ts';
import { multipartFiles } from './multipart-files.ts';

const params = z.object({ project: projectNameSchema });
export const imageParams = params.extend({ image: z.coerce.number().int().min(1) });

export const imageSchema = z
  .object({
    id: z.int(),
    name: z.string().describe('Unique in the project'),
    file: z.string().describe('SHA-256 of the file'),
    format: z.string().describe('PNG, JPEG, ...'),
    bytes: z.int(),
    width: z.int().describe('In pixels, upright'),
    height: z.int(),
    label: z.enum(['normal', 'defect']).nullable(),
    kind: z.string().nullable().describe('Kind of defect'),
    split: z.enum(['train', 'test']),
    hasGroundTruth: z.boolean().describe('Whether there is a mask of its defect'),
    createdAt: z.iso.datetime(),
  })
  .meta({ id: 'Image' });

const pageSchema = z.object({
  images: z.array(imageSchema),
  total: z.int().describe('Number of images on all pages'),
  next: z.int().nullable().describe('The cursor of the next page; null on the last'),
});

const uploadedSchema = z.object({
  images: z.array(
    imageSchema.extend({
      isNew: z.boolean().describe('Whether the project did not have this content already'),
    }),
  ),
  failed: z.array(errorSchema.extend({ name: z.string() })).describe('Files that are not images'),
});

export type Image = z.output<typeof imageSchema>;
export type ImagePage = z.output<typeof pageSchema>;
export type UploadedImages = z.output<typeof uploadedSchema>;

const listQuery = z.object({
  label: z.enum(['normal', 'defect', 'none']).optional(),
  kind: z.string().max(64).optional(),
  split: z.enum(['train', 'test']).optional(),
  search: z.string().max(200).optional().describe('Part of the name'),
  cursor: z.coerce.number().int().min(0).default(0).describe('`next` of the page before'),
  limit: z.coerce.number().int().min(1).max(1000).default(100),
});

const uploadQuery = labellingSchema.extend({
  name: z
    .string()
    .max(1000)
    .default('image')
    .describe(
      'Name of an image that is the whole body, with the folders that it was in, if these give its label',
    ),
});

const ids = z.array(z.int().min(1)).min(1).max(10_000);
const tags = ['images'];
/** An image never changes: its content is its identity. */
const FOREVER = 'private, max-age=31536000, immutable';

const TO_SEND = 'Send the bytes of an image with a Content-Type, or files as multipart/form-data.';

/** The images of projects: upload, import, list, label, delete; the original and a small copy. */
export async function imageRoutes(app: FastifyInstance, services: Services): Promise<void> {
  await app.register(multipart, {
    limits: { fileSize: Number.POSITIVE_INFINITY, files: 100_000 },
    preservePath: true,
  });
  await app.register(async (streaming) => upload(streaming, services));
  importFolder(app, services);
  list(app, services);
  known(app, services);
  changeAndDelete(app, services);
  content(app, services);
}

function upload(app: FastifyInstance, { uploads }: Services): void {
  // Images are streamed to disk, whatever Content-Type the client chose.
  app.removeContentTypeParser(['application/json', 'text/plain']);
  app.addContentTypeParser('*', (_, payload, done) => done(null, payload));
  app.withTypeProvider<ZodTypeProvider>().post(
    '/v1/projects/:project/images',
    {
      schema: {
        tags,
        summary: 'Upload an image, several, or a zip archive of images',
        description:
          'The body is an image, a zip archive, or multipart/form-data with any number of both. In archives and names, the folders good, train/good, test/good and test/KIND are labels, and ground_truth/KIND/NAME_mask.png is the ground truth of test/KIND/NAME, which comes in the same request or came before. Content that the project has already is not added again, and keeps its labels.',
        params,
        querystring: uploadQuery,
        consumes: ['image/*', 'application/zip', 'multipart/form-data'],
        response: { 200: uploadedSchema, 201: uploadedSchema, ...errorResponses },
      },
      config: { role: 'operator' },
      bodyLimit: Number.MAX_SAFE_INTEGER,
    },
    async (request, reply) => {
      const { name, ...labelling } = request.query;
      const files = request.isMultipart()
        ? parts(request)
        : [{ name, content: bodyStream(request.body, 'an image', TO_SEND) }];
      const { project } = request.params;
      const uploaded = await uploads.add(project, files, labelling, app.stopping);
      return sendUploaded(reply, uploaded);
    },
  );
}

function importFolder(app: FastifyInstance, { uploads }: Services): void {
  app.withTypeProvider<ZodTypeProvider>().post(
    '/v1/projects/:project/import',
    {
      schema: {
        tags,
        summary: 'Import the images of a folder on the server',
        description: 'In any layout that `bigrid data` shows, with its labels and masks.',
        params,
        body: z.strictObject({
          folder: z
            .string()
            .min(1)
            .max(4096)
            .describe('Path of a folder, or of a file that lists images'),
          product: z.string().min(1).optional().describe('One of several products in it'),
        }),
        response: { 200: uploadedSchema, 201: uploadedSchema, ...errorResponses },
      },
      config: { role: 'admin' },
    },
    async ({ params: { project }, body }, reply) =>
      sendUploaded(reply, await uploads.addFolder(project, body, app.stopping)),
  );
}

function list(app: FastifyInstance, { images }: Services): void {
  const typed = app.withTypeProvider<ZodTypeProvider>();
  typed.get(
    '/v1/projects/:project/images',
    {
      schema: {
        tags,
        summary: 'List images, oldest first',
        params,
        querystring: listQuery,
        response: { 200: pageSchema, ...errorResponses },
      },
      config: { role: 'viewer' },
    },
    async ({ params: { project }, query: { cursor, limit, ...filter } }) =>
      images.list(project, filter, cursor, limit),
  );
  typed.get(
    '/v1/projects/:project/images/:image',
    {
      schema: {
        tags,
        summary: 'Describe an image',
        params: imageParams,
        response: { 200: imageSchema, ...errorResponses },
      },
      config: { role: 'viewer' },
    },
    async ({ params: { project, image } }) => images.get(project, image),
  );
}

function known(app: FastifyInstance, { images }: Services): void {
  const hashes = z.array(z.string().regex(/^[0-9a-f]{64}$/));
  app.withTypeProvider<ZodTypeProvider>().post(
    '/v1/projects/:project/images/known',
    {
      schema: {
        tags,
        summary: 'List those of some files that the project has already',
        params,
        body: z.strictObject({ sha256: hashes.max(10_000).describe('Of the files, hexadecimal') }),
        response: { 200: z.object({ images: z.array(imageSchema) }), ...errorResponses },
      },
      config: { role: 'viewer' },
      bodyLimit: 2 ** 20,
    },
    async ({ params: { project }, body: { sha256 } }) => ({
      images: images.known(project, sha256),
    }),
  );
}

function changeAndDelete(app: FastifyInstance, { images }: Services): void {
  const typed = app.withTypeProvider<ZodTypeProvider>();
  typed.patch(
    '/v1/projects/:project/images',
    {
      schema: {
        tags,
        summary: 'Label images, all or none',
        params,
        body: labellingSchema.extend({ images: ids.describe('Their ids') }),
        response: { 200: z.array(imageSchema), ...errorResponses },
      },
      config: { role: 'operator' },
    },
    async ({ params: { project }, body: { images: chosen, ...labelling } }) =>
      images.label(project, chosen, labelling),
  );
  typed.delete(
    '/v1/projects/:project/images/:image',
    {
      schema: {
        tags,
        summary: 'Delete an image',
        params: imageParams,
        response: { 204: z.null(), ...errorResponses },
      },
      config: { role: 'operator' },
    },
    async ({ params: { project, image } }, reply) => {
      await images.remove(project, image);
      return reply.code(204).send(null);
    },
  );
}

function content(app: FastifyInstance, { images }: Services): void {
  const typed = app.withTypeProvider<ZodTypeProvider>();
  const options = (summary: string) => ({
    schema: {
      tags,
      summary,
      params: imageParams,
      response: { 200: z.unknown(), ...errorResponses } as Record<string, z.ZodType>,
    },
    config: { role: 'viewer' } as const,
    // Bytes, not JSON.
    serializerCompiler: () => (value: unknown) => JSON.stringify(value),
  });
  typed.get(
    '/v1/projects/:project/images/:image/file',
    options('Download the original'),
    async ({ params: { project, image } }, reply) => {
      const { row, content } = images.original(project, image);
      return reply
        .type(`image/${row.format.toLowerCase()}`)
        .header('Cache-Control', FOREVER)
        .send(content);
    },
  );
  typed.get(
    '/v1/projects/:project/images/:image/thumbnail',
    options('A small copy, WebP, at most 320 pixels per side'),
    async ({ params: { project, image } }, reply) =>
      reply
        .type('image/webp')
        .header('Cache-Control', FOREVER)
        .send(await images.preview(project, image)),
  );
}

async function* parts(request: FastifyRequest): AsyncGenerator<UploadedFile> {
  for await (const { filename, file } of multipartFiles(request))
    yield { name: filename, content: file };
}

/** Answers with what was added. A request of one file that failed is answered with its error. */
function sendUploaded(reply: FastifyReply, { images, failed }: Uploaded) {
  const [first] = failed;
  if (first && failed.length === 1 && images.length === 0) throw first.error;
  const isAnyNew = images.some(({ isNew }) => isNew);
  return reply.code(isAnyNew ? 201 : 200).send({
    images,
    failed: failed.map(({ name, error }) => ({ name, ...errorBody(error) })),
  });
}
