import { type ErrorCode, errorRegistry, fail } from '@bigrid/errors';
import { bytesOf, fromBytes, sizeOf, type Tensor, type Tensors } from '@bigrid/graph';
import { z } from 'zod';
import { digest, toHex } from '../digest.ts';
import { FINGERPRINT_BYTES } from '../fingerprint.ts';
import { statisticNames } from '../image-statistics.ts';

/** Bytes as hexadecimal digits: JSON knows no infinity. */
const bytesSchema = z.string().regex(/^([0-9a-f]{2})*$/);
const digestSchema = bytesSchema.length(64);
const countSchema = z.int().min(0);

const savedImageSchema = z.strictObject({
  at: countSchema.describe('Its place among all'),
  statistics: z.record(z.enum(statisticNames), z.number()),
  fingerprint: bytesSchema.length(2 * FINGERPRINT_BYTES),
  digest: digestSchema.describe('SHA-256 over its pixels'),
  sum: bytesSchema.describe('Of each channel, float32'),
  squares: bytesSchema.describe('Sum of squares of each channel, float32'),
});

const readingSchema = z.strictObject({
  images: z.array(savedImageSchema).readonly(),
  skipped: z.array(
    z.strictObject({
      path: z.string(),
      code: z.enum(Object.keys(errorRegistry) as ErrorCode[]),
      message: z.string(),
    }),
  ),
  blockHash: digestSchema.describe('Chain of SHA-256 over the blocks in the scratch'),
});

const randomSchema = z.strictObject({
  seed: z.int(),
  // From nothing but zeros the generator never leaves.
  words: z
    .array(z.int32())
    .length(4)
    .refine((words) => words.some((word) => word !== 0))
    .readonly(),
  spare: z.number().exactOptional(),
});

const stageSchema = z.strictObject({
  stage: z.enum(['normal', 'abnormal']),
  step: countSchema.describe('Steps done'),
  // JSON has no other word for a number that is none.
  loss: z.number().nullish(),
  randoms: z
    .strictObject({ batches: randomSchema, defects: randomSchema, jitter: randomSchema })
    .describe('Sequences of random numbers by their use'),
  order: z
    .array(countSchema)
    .readonly()
    .describe('Images of the present epoch that are still to come'),
});

const crossFittedSchema = z
  .array(
    z.array(
      z.strictObject({
        at: countSchema.describe('Its place among the images read'),
        score: z.number(),
        mapMaximum: z.number(),
      }),
    ),
  )
  .readonly();

const shapesSchema = z.array(z.tuple([z.string(), z.array(countSchema).readonly()])).readonly();

const headerSchema = z.strictObject({
  reading: readingSchema.describe('How far the reading of images is'),
  crossFitted: crossFittedSchema.describe(
    'What the folds held out that are done, one after the other',
  ),
  stage: stageSchema.optional().describe('How far a stage is; undefined while images are read'),
  values: shapesSchema,
  current: shapesSchema,
});

type Header = z.infer<typeof headerSchema>;
type TensorShape = Header['values'][number];

/** What is known of an image that was read. */
export type SavedImage = z.infer<typeof savedImageSchema>;

/** How far the reading of images is. */
export type SavedReading = z.infer<typeof readingSchema>;

/** What is kept of a fold that is done: the scores of the images that it held out. */
export type SavedFold = z.infer<typeof crossFittedSchema>[number];

/** How far a stage is. */
export type SavedStage = z.infer<typeof stageSchema>;

/** All that a training needs beside its input to go on as if it had never stopped. */
export interface SavedTraining extends Pick<Header, 'reading' | 'crossFitted' | 'stage'> {
  /** What earlier stages found, or the bundle that training goes on from. */
  readonly values: Tensors;
  /** Parameters and moments of the present stage. */
  readonly current: Tensors;
}

const LENGTH_BYTES = 4;
const DIGEST_BYTES = 32;

/** Length of the header, the header as JSON, all float32 tensors in its order, SHA-256 over all before it. */
export async function encode({
  values = {},
  current = {},
  ...rest
}: {
  readonly [Part in keyof SavedTraining]?: SavedTraining[Part] | undefined;
}): Promise<Uint8Array> {
  const shapes = (tensors: Tensors) =>
    Object.entries(tensors).map(([name, { shape }]): TensorShape => [name, shape]);
  const header = { ...rest, values: shapes(values), current: shapes(current) };
  const json = new TextEncoder().encode(JSON.stringify(header));
  const parts = [json, ...[values, current].flatMap(Object.values<Tensor>).map(bytesOf)];
  const length = parts.reduce((sum, { byteLength }) => sum + byteLength, LENGTH_BYTES);
  const bytes = new Uint8Array(length + DIGEST_BYTES);
  new DataView(bytes.buffer).setUint32(0, json.byteLength, true);
  let end = LENGTH_BYTES;
  for (const part of parts) {
    bytes.set(part, end);
    end += part.byteLength;
  }
  bytes.set(await digest(bytes.subarray(0, end)), end);
  return bytes;
}

/** @throws CHECKPOINT_INVALID */
export async function decode(bytes: Uint8Array): Promise<SavedTraining> {
  const end = bytes.byteLength - DIGEST_BYTES;
  const isWhole =
    end > LENGTH_BYTES &&
    toHex(await digest(bytes.subarray(0, end))) === toHex(bytes.subarray(end));
  if (!isWhole) {
    refuse(`${bytes.byteLength} bytes that are damaged or only a part of it`);
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let at = LENGTH_BYTES + view.getUint32(0, true);
  const header = parseHeader(bytes.subarray(LENGTH_BYTES, Math.min(at, end)));
  const take = ([name, shape]: TensorShape): [string, Tensor] => {
    const start = at;
    at += sizeOf(shape) * Float32Array.BYTES_PER_ELEMENT;
    if (!(at <= end)) refuse(`one without the values of ${name}`);
    return [name, fromBytes('float32', shape, bytes.subarray(start, at))];
  };
  const values = Object.fromEntries(header.values.map(take));
  const current = Object.fromEntries(header.current.map(take));
  return { ...header, values, current };
}

/** The digest tells of damage; that everything is there, and in its range, tells of a file that somebody made. */
function parseHeader(json: Uint8Array): Header {
  try {
    return headerSchema.parse(JSON.parse(new TextDecoder().decode(json)));
  } catch (cause) {
    const faults = cause instanceof z.ZodError ? `:\n${z.prettifyError(cause)}` : '';
    return refuse(`one with faults${faults}`, cause);
  }
}

function refuse(received: string, cause?: unknown): never {
  fail(
    'CHECKPOINT_INVALID',
    `Expected the state of a training as it was saved but received ${received}`,
    { cause },
  );
}
