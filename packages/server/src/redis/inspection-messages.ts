import { join } from 'node:path';
import { deserialize, serialize } from 'node:v8';
import type { Redis } from 'ioredis';
import { z } from 'zod';
import type {
  DetectorFiles,
  Failure,
  InspectionResult,
  InspectionTask,
} from '../workers/messages.ts';
import { placeOf, placeSchema } from './paths.ts';

const requestSchema = z.object({ model: placeSchema, mask: placeSchema.optional() });

export type SentRequest = z.infer<typeof requestSchema>;

/** What to inspect with, without the path at which this machine has the data folder. The image is next to the queue. */
export function packRequest(data: string, { model, mask }: DetectorFiles): SentRequest {
  return {
    model: placeOf(data, model),
    mask: mask === undefined ? undefined : placeOf(data, mask),
  };
}

export function unpackRequest(data: string, received: unknown): DetectorFiles {
  const { model, mask } = requestSchema.parse(received);
  return {
    model: join(data, model),
    mask: mask === undefined ? undefined : join(data, mask),
  };
}

/** How a request was answered. */
export type Answer = { readonly result: InspectionResult } | { readonly failure: Failure };

/** Milliseconds for which images and results are kept, if nobody removes them before. */
const KEPT_FOR = 600_000;

/** Puts an image or an answer next to the queue, whose messages are JSON. */
export async function put(
  client: Redis,
  key: string,
  value: InspectionTask | Answer,
): Promise<void> {
  await client.set(key, serialize(value), 'PX', KEPT_FOR);
}

/** What was put under a key; undefined if it is not there any more. */
export async function get<Value>(client: Redis, key: string): Promise<Value | undefined> {
  const bytes = await client.getBuffer(key);
  return bytes ? (deserialize(bytes) as Value) : undefined;
}
