import type { FastifyInstance } from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { errorResponses, errorSchema } from '../plugins/errors.ts';
import { jobRequestSchema } from '../services/job-requests.ts';
import { trainingProfiles } from '../services/jobs.ts';
import { projectNameSchema } from '../services/projects.ts';
import type { Services } from '../services/services.ts';
import { jobKinds } from '../workers/job-messages.ts';
import { type StoredEvents, sendEvents } from './event-stream.ts';

const params = z.object({ job: z.coerce.number().int().min(1) });
const states = z.enum(['queued', 'running', 'done', 'failed', 'cancelled']);

const progressSchema = z.object({
  phase: z.string(),
  done: z.number(),
  total: z.number(),
  secondsLeft: z.number().nullish(),
  loss: z.number().nullish(),
});

const jobSchema = z
  .object({
    id: z.int(),
    state: states,
    request: z.record(z.string(), z.unknown()).describe('As it was created, with defaults'),
    progress: progressSchema.nullable(),
    result: z.record(z.string(), z.unknown()).nullable().describe('By kind; null unless done'),
    error: errorSchema.nullable(),
    createdBy: z.string().describe('Name of the key, or loopback without one'),
    createdAt: z.iso.datetime(),
    startedAt: z.iso.datetime().nullable(),
    endedAt: z.iso.datetime().nullable(),
  })
  .meta({ id: 'Job' });

export type Job = z.output<typeof jobSchema>;

const listQuery = z.object({
  state: states.optional(),
  kind: z.enum(jobKinds).optional(),
  project: projectNameSchema.optional(),
  cursor: z.coerce
    .number()
    .int()
    .min(1)
    .default(Number.MAX_SAFE_INTEGER)
    .describe('`next` of the page before'),
  limit: z.coerce.number().int().min(1).max(1000).default(100),
});

/** A report is apart from the server: it reads nothing of it. The policy in the page allows no scripts but its own. */
const REPORT_POLICY = [
  'sandbox allow-scripts',
  "default-src 'none'",
  'img-src data:',
  "style-src 'unsafe-inline'",
  "script-src 'unsafe-inline'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'self'",
].join('; ');

const tags = ['jobs'];
const NPY = 'application/x-npy';
const one = { tags, params, response: { 200: jobSchema, ...errorResponses } };

/** Jobs: create, list, cancel, retry, delete; their events as they happen. */
export async function jobRoutes(app: FastifyInstance, services: Services): Promise<void> {
  createAndList(app, services);
  change(app, services);
  events(app, services);
  previews(app, services);
  reports(app, services);
}

function createAndList(app: FastifyInstance, { jobs }: Services): void {
  const typed = app.withTypeProvider<ZodTypeProvider>();
  typed.post(
    '/v1/jobs',
    {
      schema: {
        tags,
        summary: 'Queue a job',
        body: jobRequestSchema,
        response: { 202: jobSchema, ...errorResponses },
      },
      config: { role: 'operator' },
    },
    async ({ body }, reply) => reply.code(202).send(sent(await jobs.create(body))),
  );
  typed.get(
    '/v1/jobs',
    {
      schema: {
        tags,
        summary: 'List jobs, the latest first',
        querystring: listQuery,
        response: {
          200: z.object({ jobs: z.array(jobSchema), next: z.int().nullable() }),
          ...errorResponses,
        },
      },
      config: { role: 'viewer' },
    },
    async ({ query: { cursor, limit, ...filter } }) => {
      const page = jobs.list(filter, cursor, limit);
      return { ...page, jobs: page.jobs.map(sent) };
    },
  );
  typed.get(
    '/v1/jobs/profiles',
    {
      schema: {
        tags,
        summary: 'List the profiles that trainings can have on this server',
        response: { 200: z.array(z.enum(trainingProfiles)), ...errorResponses },
      },
      config: { role: 'viewer' },
    },
    async () => jobs.profiles,
  );
  typed.get(
    '/v1/jobs/:job',
    { schema: { ...one, summary: 'Describe a job' }, config: { role: 'viewer' } },
    async ({ params: { job } }) => sent(jobs.get(job)),
  );
}

function change(app: FastifyInstance, { jobs }: Services): void {
  const typed = app.withTypeProvider<ZodTypeProvider>();
  typed.post(
    '/v1/jobs/:job/cancel',
    { schema: { ...one, summary: 'Cancel a job' }, config: { role: 'operator' } },
    async ({ params: { job } }) => sent(await jobs.cancel(job)),
  );
  typed.post(
    '/v1/jobs/:job/retry',
    {
      schema: { ...one, summary: 'Queue a job again that failed or was cancelled' },
      config: { role: 'operator' },
    },
    async ({ params: { job } }) => sent(await jobs.retry(job)),
  );
  typed.delete(
    '/v1/jobs/:job',
    {
      schema: {
        tags,
        summary: 'Delete a job that has ended, not what it made',
        params,
        response: { 204: z.null(), ...errorResponses },
      },
      config: { role: 'operator' },
    },
    async ({ params: { job } }, reply) => {
      await jobs.remove(job);
      return reply.code(204).send(null);
    },
  );
}

function events(app: FastifyInstance, { jobs }: Services): void {
  app.withTypeProvider<ZodTypeProvider>().get(
    '/v1/jobs/:job/events',
    {
      schema: {
        tags,
        summary: 'Follow a job: its state, progress, log and previews as server-sent events',
        description:
          'Events are state, progress, log and preview, with JSON. A preview says of which images a training has made maps, and after which step. After a lost connection, Last-Event-ID names the last one that was received. The stream ends with the job; 204 if nothing is left to send.',
        params,
        headers: z.object({
          'last-event-id': z.coerce.number().int().min(0).default(0).describe('Id of an event'),
        }),
        produces: ['text/event-stream'],
        response: { 204: z.null(), ...errorResponses } as Record<string, z.ZodType>,
      },
      config: { role: 'viewer' },
    },
    async ({ params: { job }, headers }, reply) => {
      const after = headers['last-event-id'];
      const isOver = jobs.isOver(job);
      // Clients connect again after the end of a stream, but not after this.
      if (isOver && jobs.events(job, after, 1).length === 0) return reply.code(204).send(null);
      return sendEvents(reply, storedEvents(job, jobs), after);
    },
  );
}

function previews(app: FastifyInstance, { jobs }: Services): void {
  app.withTypeProvider<ZodTypeProvider>().get(
    '/v1/jobs/:job/previews/:step/:image',
    {
      schema: {
        tags,
        summary: 'The anomaly map of an image while a model learns, NPY',
        description:
          'Float32 [height, width], at most 64 per side, raw. The event preview names the steps and images, and the range of values to colour.',
        params: params.extend({
          step: z.coerce.number().int().min(0),
          image: z.coerce.number().int().min(1),
        }),
        produces: [NPY],
        response: { 200: z.unknown(), ...errorResponses } as Record<string, z.ZodType>,
      },
      config: { role: 'viewer' },
      // Bytes, not JSON.
      serializerCompiler: () => (value) => JSON.stringify(value),
    },
    async ({ params: { job, step, image } }, reply) =>
      reply.type(NPY).send(await jobs.preview(job, step, image)),
  );
}

function reports(app: FastifyInstance, { jobs }: Services): void {
  app.withTypeProvider<ZodTypeProvider>().get(
    '/v1/jobs/:job/report',
    {
      schema: {
        tags,
        summary: 'The report of an evaluation, one HTML page',
        description: 'Metrics, test images with heat maps, curves, and a threshold to move.',
        params,
        produces: ['text/html'],
        response: { 200: z.unknown(), ...errorResponses } as Record<string, z.ZodType>,
      },
      config: { role: 'viewer' },
      // A page, not JSON.
      serializerCompiler: () => (value) => JSON.stringify(value),
    },
    async ({ params: { job } }, reply) => {
      const page = await jobs.report(job);
      return reply
        .type('text/html; charset=utf-8')
        .header('Content-Security-Policy', REPORT_POLICY)
        .send(page);
    },
  );
}

function storedEvents(job: number, jobs: Services['jobs']): StoredEvents {
  return {
    after: (id, most) => jobs.events(job, id, most),
    get isOver() {
      return jobs.isOver(job);
    },
    next: (signal) => jobs.nextEvent(job, signal),
  };
}

/** A job as JSON, in the shape of its schema. */
function sent(job: ReturnType<Services['jobs']['get']>): z.output<typeof jobSchema> {
  return job as z.output<typeof jobSchema>;
}
