import { fail } from '@bigrid/errors';
import type { FastifyInstance } from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { errorResponses } from '../plugins/errors.ts';
import type { Services } from '../services/services.ts';
import { nameSchema } from '../services/settings.ts';
import { receiverSchema, sinkSchema, streamSchema } from '../services/streams/definitions.ts';
import { measureDriftSchema } from './history.ts';

const params = z.object({ name: nameSchema('Name of a stream') });

const count = z.int().min(0);

const stateSchema = z
  .object({
    status: z
      .enum(['running', 'waiting', 'finished', 'failed', 'stopped'])
      .describe('waiting: for the source or the model, and it goes on by itself'),
    reason: z.string().optional().describe('Why it waits or failed'),
    since: z.iso.datetime().describe('When the status began'),
    framesPerSecond: z.number().describe('Images inspected per second, over ten seconds'),
    inspected: count.describe('Images inspected since it was started'),
    anomalous: count,
    dropped: count.describe(
      'Frames of a camera that a newer one replaced before the model was free',
    ),
    failed: count.describe('Images that could not be inspected'),
    drift: z
      .object({
        drifted: z.boolean(),
        since: z.iso
          .datetime()
          .describe('When drift began or was over; before both, when images were first compared'),
        measures: z
          .array(measureDriftSchema)
          .readonly()
          .describe('Those that moved when drift began, the furthest first'),
      })
      .optional()
      .describe('Whether images drift, as the latest alert says; none before a hundred images'),
  })
  .meta({ id: 'StreamState' });

const sinkStateSchema = z
  .object({
    definition: sinkSchema,
    delivered: count.describe(
      'Results written, accepted by the broker or the OPC UA server, or queued for the webhook',
    ),
    skipped: count.describe('Results above its rate, or lost because of its trouble'),
    waitingBytes: count.optional().describe('What the webhook has not sent yet'),
    trouble: z.string().optional(),
  })
  .meta({ id: 'StreamSinkState' });

const shownSchema = streamSchema
  .extend({
    sinks: z.array(sinkStateSchema),
    state: stateSchema,
    folder: z.string().describe('Where its sinks write, relative to the data folder'),
    createdAt: z.iso.datetime(),
  })
  .meta({
    id: 'Stream',
    description:
      'A stream. Of URLs it shows only protocol and host; users and passwords not at all.',
  });

export type Stream = z.output<typeof shownSchema>;

const tags = ['streams'];

/** Streams: a source of images, the model that inspects them, and the sinks that get the results. */
export async function streamRoutes(app: FastifyInstance, services: Services): Promise<void> {
  read(app, services);
  change(app, services);
  test(app, services);
}

function read(app: FastifyInstance, { streams }: Services): void {
  const typed = app.withTypeProvider<ZodTypeProvider>();
  typed.get(
    '/v1/streams',
    {
      config: { role: 'viewer' },
      schema: {
        tags,
        summary: 'List all streams with their state',
        response: { 200: z.array(shownSchema), ...errorResponses },
      },
    },
    async () => streams.list(),
  );
  typed.get(
    '/v1/streams/:name',
    {
      config: { role: 'viewer' },
      schema: {
        tags,
        summary: 'Get a stream with its state',
        params,
        response: { 200: shownSchema, ...errorResponses },
      },
    },
    async (request) => streams.get(request.params.name),
  );
}

function change(app: FastifyInstance, { streams }: Services): void {
  const typed = app.withTypeProvider<ZodTypeProvider>();
  typed.post(
    '/v1/streams',
    {
      config: { role: 'admin' },
      schema: {
        tags,
        summary: 'Create a stream and start it',
        description:
          'It is started again whenever the server is, until it is stopped, or a video is at its end.',
        body: streamSchema,
        response: { 201: shownSchema, ...errorResponses },
      },
    },
    async (request, reply) => reply.code(201).send(await streams.create(request.body)),
  );
  typed.put(
    '/v1/streams/:name',
    {
      config: { role: 'admin' },
      schema: {
        tags,
        summary: 'Replace the definition of a stream, and start it again',
        description:
          'A URL as responses show it, with protocol and host alone, stands for the whole one of the earlier definition with its user and password. Images of a folder that were inspected are not inspected again.',
        params,
        body: streamSchema.extend({ name: streamSchema.shape.name.optional() }),
        response: { 200: shownSchema, ...errorResponses },
      },
    },
    async ({ params: { name }, body }) => {
      if (body.name !== undefined && body.name !== name) {
        fail('REQUEST_INVALID', `Expected the name ${name} but received ${body.name}`, {
          remedy: 'Send the name that the path has, or none: a stream keeps its name.',
        });
      }
      return streams.replace({ ...body, name });
    },
  );
  for (const action of ['start', 'stop'] as const) {
    typed.post(
      `/v1/streams/:name/${action}`,
      {
        config: { role: 'operator' },
        schema: {
          tags,
          summary: `${action === 'start' ? 'Start' : 'Stop'} a stream`,
          params,
          response: { 200: shownSchema, ...errorResponses },
        },
      },
      async (request) => streams[action](request.params.name),
    );
  }
  typed.delete(
    '/v1/streams/:name',
    {
      config: { role: 'admin' },
      schema: {
        tags,
        summary: 'Delete a stream with all that its sinks wrote to the data folder',
        params,
        response: { 204: z.null(), ...errorResponses },
      },
    },
    async (request, reply) => {
      await streams.remove(request.params.name);
      return reply.code(204).send(null);
    },
  );
}

function test(app: FastifyInstance, { streams }: Services): void {
  app.withTypeProvider<ZodTypeProvider>().post(
    '/v1/streams/:name/test',
    {
      config: { role: 'admin' },
      schema: {
        tags,
        summary: 'Send a test message to a webhook or an MQTT broker',
        description:
          'One that the stream has, as responses show it, or is to have. The message is JSON with the `type` test; a broker gets it on TOPIC/test.',
        params,
        body: receiverSchema,
        response: { 204: z.null(), ...errorResponses },
      },
    },
    async ({ params: { name }, body }, reply) => {
      await streams.test(name, body);
      return reply.code(204).send(null);
    },
  );
}
