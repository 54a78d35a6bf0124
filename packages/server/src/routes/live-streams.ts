import { encodeNpy } from '@bigrid/node/internal';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { errorResponses } from '../plugins/errors.ts';
import type { Services } from '../services/services.ts';
import { nameSchema } from '../services/settings.ts';
import type { LiveContent } from '../services/streams/live-view.ts';
import { hasAlready } from './etag.ts';
import { sendEvents } from './event-stream.ts';

const params = z.object({ name: nameSchema('Name of a stream') });
const tags = ['streams'];
const config = { role: 'viewer' } as const;
// Not typed further: a response may also be events, an image or an array.
const responses: Record<string, z.ZodType> = errorResponses;

/** What streams inspect right now: events, the latest image, its anomaly map. */
export async function liveStreamRoutes(app: FastifyInstance, { streams }: Services): Promise<void> {
  const typed = app.withTypeProvider<ZodTypeProvider>();
  typed.get(
    '/v1/streams/:name/events',
    {
      config,
      schema: {
        tags,
        summary: 'Follow a stream: what it inspects, as server-sent events',
        description:
          'An event `inspection` for the latest image, then one for each further image, with JSON: id, at, image (its name), width, height, score, threshold, verdict, regions, milliseconds, perSecond, dropped. Clients that are slower than the stream skip images.',
        params,
        produces: ['text/event-stream'],
        response: responses,
      },
    },
    async ({ params: { name } }, reply) => sendEvents(reply, streams.live(name), 0),
  );
  typed.get(
    '/v1/streams/:name/latest/image',
    {
      config,
      schema: {
        tags,
        summary: 'The latest inspected image, WebP, at most 1280 pixels per side',
        description: 'Its ETag begins with the id of its event.',
        params,
        produces: ['image/webp'],
        response: responses,
      },
    },
    async (request, reply) => {
      const content = streams.live(request.params.name).image();
      return send(request, reply, 'image/webp', content, (image) => image);
    },
  );
  typed.get(
    '/v1/streams/:name/latest/map',
    {
      config,
      schema: {
        tags,
        summary: 'The anomaly map of the latest inspected image',
        description: 'NumPy float32 [height, width]. Its ETag begins with the id of its event.',
        params,
        produces: ['application/x-npy'],
        response: responses,
      },
    },
    async (request, reply) => {
      const content = streams.live(request.params.name).map();
      return send(request, reply, 'application/x-npy', content, ({ data, height, width }) =>
        encodeNpy(data, [height, width]),
      );
    },
  );
}

async function send<Content>(
  request: FastifyRequest,
  reply: FastifyReply,
  type: string,
  { tag, make }: LiveContent<Content>,
  encode: (content: Content) => Uint8Array,
) {
  if (hasAlready(request, reply, tag)) return reply.code(304).send();
  const content = await make().catch((error: unknown) => {
    // Of the content, not of the error.
    reply.removeHeader('ETag');
    throw error;
  });
  return reply.type(type).send(encode(content));
}
