import type { FastifyInstance } from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { errorResponses } from '../plugins/errors.ts';
import { ignoredAreasSchema } from '../services/ignored-areas.ts';
import { projectNameSchema } from '../services/projects.ts';
import type { Services } from '../services/services.ts';

const params = z.object({ project: projectNameSchema });
const titled = z.strictObject({
  title: z
    .string()
    .trim()
    .min(1)
    .max(100)
    .regex(/^\P{Cc}*$/u)
    .meta({ expected: 'a title of 1 to 100 characters', description: 'What people call it' }),
});

const sampleSchema = z
  .strictObject({
    seed: z
      .int()
      .min(0)
      .max(2 ** 31 - 1)
      .optional()
      .describe('The same seed draws the same images (default: 1)'),
  })
  .nullish();

const projectSchema = z
  .object({
    name: z.string().describe('In URLs; it never changes'),
    title: z.string().describe('What people call it: its name, unless it was renamed'),
    images: z
      .object({
        training: z.int().describe('Normal images to train on'),
        normal: z.int().describe('Normal images to test with'),
        defects: z.int(),
        unlabelled: z.int(),
      })
      .describe('Number of images by what they are for'),
    ignored: ignoredAreasSchema.nullable().describe('Areas of all images that models ignore'),
    createdAt: z.iso.datetime(),
  })
  .meta({ id: 'Project' });

export type Project = z.output<typeof projectSchema>;

const tags = ['projects'];

/** Projects: create, list, rename, delete, export; areas to ignore; sample images. */
export async function projectRoutes(app: FastifyInstance, services: Services): Promise<void> {
  listAndCreate(app, services);
  changeAndDelete(app, services);
  exportImages(app, services);
  fillWithSample(app, services);
}

function listAndCreate(app: FastifyInstance, { projects }: Services): void {
  const typed = app.withTypeProvider<ZodTypeProvider>();
  typed.get(
    '/v1/projects',
    {
      schema: { tags, summary: 'List all projects', response: { 200: z.array(projectSchema) } },
      config: { role: 'viewer' },
    },
    async () => projects.list(),
  );
  typed.post(
    '/v1/projects',
    {
      schema: {
        tags,
        summary: 'Create a project',
        body: titled.partial().extend({ name: projectNameSchema }),
        response: { 201: projectSchema, ...errorResponses },
      },
      config: { role: 'operator' },
    },
    async ({ body }, reply) => reply.code(201).send(await projects.create(body.name, body.title)),
  );
  typed.get(
    '/v1/projects/:project',
    {
      schema: {
        tags,
        summary: 'Describe a project',
        params,
        response: { 200: projectSchema, ...errorResponses },
      },
      config: { role: 'viewer' },
    },
    async ({ params: { project } }) => projects.get(project),
  );
}

function changeAndDelete(app: FastifyInstance, { projects }: Services): void {
  const typed = app.withTypeProvider<ZodTypeProvider>();
  typed.patch(
    '/v1/projects/:project',
    {
      schema: {
        tags,
        summary: 'Rename a project',
        description:
          'Changes its title. Its name stays, so that its model, streams and programs go on.',
        params,
        body: titled,
        response: { 200: projectSchema, ...errorResponses },
      },
      config: { role: 'operator' },
    },
    async ({ params: { project }, body }) => projects.rename(project, body.title),
  );
  typed.put(
    '/v1/projects/:project/ignored',
    {
      schema: {
        tags,
        summary: 'Set the areas of all images that models ignore',
        description: 'They apply to later jobs. `null` removes them.',
        params,
        body: ignoredAreasSchema.nullable(),
        response: { 200: projectSchema, ...errorResponses },
      },
      config: { role: 'operator' },
    },
    async ({ params: { project }, body }) => projects.setIgnored(project, body),
  );
  typed.delete(
    '/v1/projects/:project',
    {
      schema: {
        tags,
        summary: 'Delete a project with its images',
        params,
        response: { 204: z.null(), ...errorResponses },
      },
      config: { role: 'operator' },
    },
    async ({ params: { project } }, reply) => {
      await projects.remove(project);
      return reply.code(204).send(null);
    },
  );
}

function fillWithSample(app: FastifyInstance, { sample }: Services): void {
  app.withTypeProvider<ZodTypeProvider>().post(
    '/v1/projects/:project/sample',
    {
      schema: {
        tags,
        summary: 'Fill a project with images of a synthetic product',
        description:
          'The product that `bigrid demo` draws: normal images to train on, normal and defective ones to test with. The project is created if it does not exist, and must have no images. Takes seconds.',
        params,
        body: sampleSchema,
        response: { 201: projectSchema, ...errorResponses },
      },
      config: { role: 'operator' },
    },
    async ({ params: { project }, body }, reply) =>
      reply.code(201).send(await sample.fill(project, body?.seed)),
  );
}

function exportImages(app: FastifyInstance, { images }: Services): void {
  app.withTypeProvider<ZodTypeProvider>().get(
    '/v1/projects/:project/export',
    {
      schema: {
        tags,
        summary: 'Download the labelled images as a zip archive',
        description: 'In the layout of MVTec AD: train/good, test/good, test/KIND.',
        params,
        produces: ['application/zip'],
        response: { 200: z.unknown(), ...errorResponses } as Record<string, z.ZodType>,
      },
      config: { role: 'viewer' },
      serializerCompiler: () => (value) => JSON.stringify(value),
    },
    async ({ params: { project } }, reply) =>
      reply
        .type('application/zip')
        .header('Content-Disposition', `attachment; filename="${project}.zip"`)
        .send(images.exported(project)),
  );
}
