import { encodeNpy } from '@bigrid/node/internal';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import type { Inspected } from '../services/model-version.ts';
import { rulesSchema } from '../services/settings.ts';

/** Rules in the query of a request. */
export const rulesQuery = rulesSchema.extend({
  smallestRegion: z.coerce.number().min(0).max(1e8).optional(),
});

const regionSchema = z.object({
  outline: z.array(z.array(z.number())).describe('Corners, [x, y], in pixels of the image'),
  area: z.number().describe('In pixels of the image'),
  peak: z.number().describe('Highest value of the anomaly map'),
  box: z.object({ x: z.number(), y: z.number(), width: z.number(), height: z.number() }),
});

export const resultSchema = z
  .object({
    model: z.string(),
    version: z.int(),
    width: z.int(),
    height: z.int(),
    score: z.number(),
    threshold: z.number(),
    unsureThreshold: z.number().optional(),
    confidence: z.number().describe('That the image is anomalous: 0..1, 0.5 at the threshold'),
    pValue: z.number().describe('Share of good images that score at least as high: 0..1'),
    verdict: z.enum(['normal', 'unsure', 'anomalous']),
    isAnomalous: z.boolean(),
    unknown: z.boolean().describe('Whether the image shows something other than the product'),
    regions: z.array(regionSchema),
    milliseconds: z.number().describe('From the start of decoding to the verdict'),
  })
  .meta({ id: 'InspectionResult' });

export type InspectionResult = z.output<typeof resultSchema>;

const NPY = 'application/x-npy';

/** What a client accepts instead of JSON. */
export interface AcceptedForm {
  readonly heatMap: boolean;
  readonly map: boolean;
  /** Whether the map is to come together with the JSON, as a form. */
  readonly form: boolean;
}

/** Browsers ask for `image/*` where a page shows an image. */
export function acceptedForm({ headers: { accept = '' } }: FastifyRequest): AcceptedForm {
  const form = accept.includes('multipart/form-data');
  return {
    heatMap: /image\/(png|\*)/.test(accept),
    map: form || accept.includes(NPY),
    form,
  };
}

/** A result as JSON, in the shape of its schema. */
export function resultOf({ version: { model, version }, result }: Inspected): object {
  const { map: _, heatMap: __, statistics: ___, ...rest } = result;
  return { model, version, ...rest };
}

/** Sends what is accepted: a form of JSON and anomaly map, the heat map, the anomaly map, or JSON. */
export async function sendInspected(
  reply: FastifyReply,
  { result }: Inspected,
  json: object,
  accepted: AcceptedForm,
) {
  const { map, heatMap } = result;
  const npy = map && encodeNpy(map.data, [map.height, map.width]);
  if (npy && accepted.form) return sendForm(reply, json, npy);
  if (heatMap) return reply.type('image/png').send(heatMap);
  return npy ? reply.type(NPY).send(npy) : reply.send(json);
}

async function sendForm(reply: FastifyReply, json: object, npy: Uint8Array) {
  const form = new FormData();
  form.append('result', new Blob([JSON.stringify(json)], { type: 'application/json' }));
  form.append('map', new Blob([npy as Uint8Array<ArrayBuffer>], { type: NPY }));
  const response = new Response(form);
  const type = response.headers.get('content-type') as string;
  return reply.type(type).send(Buffer.from(await response.arrayBuffer()));
}
