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

/** What a client accepts instead of JSON. */
export interface AcceptedForm {
  readonly heatMap: boolean;
  readonly map: boolean;
}

/** Browsers ask for `image/*` where a page shows an image. */
export function acceptedForm({ headers: { accept = '' } }: FastifyRequest): AcceptedForm {
  return {
    heatMap: /image\/(png|\*)/.test(accept),
    map: accept.includes('application/x-npy'),
  };
}

/** A result as JSON, in the shape of its schema. */
export function resultOf({ version: { model, version }, result }: Inspected): object {
  const { map: _, heatMap: __, statistics: ___, ...rest } = result;
  return { model, version, ...rest };
}

/** Sends the heat map or the anomaly map if the result has one, and JSON otherwise. */
export function sendInspected(reply: FastifyReply, { result }: Inspected, json: object) {
  const { map, heatMap } = result;
  if (heatMap) return reply.type('image/png').send(heatMap);
  if (map) {
    return reply.type('application/x-npy').send(encodeNpy(map.data, [map.height, map.width]));
  }
  return reply.send(json);
}
