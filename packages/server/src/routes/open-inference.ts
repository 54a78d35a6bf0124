import { version as serverVersion } from '@bigrid/node';
import type { FastifyInstance, FastifyReply } from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { imageInput, imageOf } from '../open-inference/image-input.ts';
import { outputMetadata, outputNames, outputTensors } from '../open-inference/outputs.ts';
import { formatResponse, parseRequest, type SentResponse } from '../open-inference/tensors.ts';
import type { Services } from '../services/services.ts';
import { goneSignal } from './gone-signal.ts';
import { modelPaths } from './model-paths.ts';

const LENGTH_HEADER = 'inference-header-content-length';
const tags = ['open inference protocol'];

const tensorMetadata = z.object({
  name: z.string(),
  datatype: z.string(),
  shape: z.array(z.int()),
});
const serverMetadata = z.object({
  name: z.string(),
  version: z.string(),
  extensions: z.array(z.string()),
});
const modelMetadata = z.object({
  name: z.string(),
  versions: z.array(z.string()),
  platform: z.string(),
  inputs: z.array(tensorMetadata),
  outputs: z.array(tensorMetadata),
});
const modelReady = z.object({ name: z.string(), ready: z.boolean() });

/**
 * The Open Inference Protocol, version 2 (KServe), with its binary tensor data extension: for the clients of KServe and
 * Triton Inference Server.
 */
export async function openInferenceRoutes(app: FastifyInstance, services: Services): Promise<void> {
  const { models } = services;
  const typed = app.withTypeProvider<ZodTypeProvider>();
  // Clients send JSON with any Content-Type, or JSON followed by bytes.
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', { parseAs: 'buffer' }, (_, body, done) => done(null, body));

  typed.get(
    '/v2',
    {
      config: { role: 'viewer' },
      schema: { tags, summary: 'Describe the server', response: { 200: serverMetadata } },
    },
    async () => ({ name: 'bigrid', version: serverVersion, extensions: ['binary_tensor_data'] }),
  );

  for (const [ending, params] of modelPaths) {
    const path = `/v2${ending}`;
    typed.get(
      path,
      {
        config: { role: 'viewer' },
        schema: { tags, summary: 'Describe a model', params, response: { 200: modelMetadata } },
      },
      async ({ params: { name, version } }) => {
        models.version(name, version);
        return {
          name,
          versions: models.versions(name).map((one) => String(one.version)),
          platform: 'bigrid_onnx',
          inputs: [imageInput],
          outputs: outputMetadata,
        };
      },
    );

    typed.get(
      `${path}/ready`,
      {
        config: { role: 'operator' },
        schema: { tags, summary: 'Load a model', params, response: { 200: modelReady } },
      },
      async ({ params: { name, version } }) => {
        await models.load(name, version);
        return { name, ready: true };
      },
    );
  }
  infer(app, services);
}

function infer(app: FastifyInstance, { models, inspections }: Services): void {
  for (const [path, params] of modelPaths) {
    app.withTypeProvider<ZodTypeProvider>().post(
      `/v2${path}/infer`,
      {
        config: { role: 'operator' },
        schema: { tags, summary: 'Inspect an image', params, consumes: ['application/json'] },
      },
      async (request, reply) => {
        const { name, version: asked } = request.params;
        const length = request.headers[LENGTH_HEADER];
        const body = request.body instanceof Uint8Array ? request.body : new Uint8Array();
        const received = parseRequest(body, Array.isArray(length) ? length[0] : length);
        const names = outputNames(received.request);
        const inspected = await models.inspect(
          {
            model: name,
            version: asked,
            image: imageOf(received),
            name: received.request.id ?? 'image',
            judging: {},
            map: names.includes('anomaly_map'),
          },
          goneSignal(reply),
        );
        const { version, result } = inspected;
        const { id } = received.request;
        inspections.record({ source: 'http', name: id ?? '' }, inspected);
        const head = {
          model_name: name,
          model_version: String(version.version),
          ...(id && { id }),
        };
        return send(reply, formatResponse(head, outputTensors(names, result), received.request));
      },
    );
  }
}

function send(reply: FastifyReply, { json, binary }: SentResponse): FastifyReply {
  const head = Buffer.from(JSON.stringify(json));
  if (binary.length === 0) return reply.type('application/json').send(head);
  return reply
    .type('application/octet-stream')
    .header('Inference-Header-Content-Length', head.length)
    .send(Buffer.concat([head, ...binary]));
}
