import { type ErrorCode, errorRegistry, fail } from '@bigrid/errors';
import { bytesOf, fromBytes, sizeOf, type Tensor, type Tensors } from '@bigrid/graph';
import { z } from 'zod';
import { digest, toHex } from '../digest.ts';
import { FINGERPRINT_BYTES } from '../fingerprint.ts';
import { statisticNames } from '../image-statistics.ts';

/** Bytes as hexadecimal digits, because JSON cannot represent infinity. */
const bytesSchema = z.string().regex(/^([0-9a-f]{2})*$/);
const digestSchema = bytesSchema.length(64);
const countSchema = z.int().min(0);

const savedImageSchema = z.strictObject({
  at: countSchema.describe('Its index among all images'),
  statistics: z.record(z.enum(statisticNames), z.number()),
  fingerprint: bytesSchema.length(2 * FINGERPRINT_BYTES),
  digest: digestSchema.describe('SHA-256 over its pixels'),
  sum: bytesSchema.describe('Sum of each channel, float32'),
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
  // The generator never leaves an all-zero state.
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
  // JSON represents NaN as null.
  loss: z.number().nullish(),
  randoms: z
    .strictObject({ batches: randomSchema, defects: randomSchema, jitter: randomSchema })
    .describe('States of the random number generators by purpose'),
  order: z.array(countSchema).readonly().describe('Images still to come in the current epoch'),
});

const crossFittedSchema = z
  .array(
    z.array(
      z.strictObject({
        at: countSchema.describe('Its index among the images read'),
        score: z.number(),
        mapMaximum: z.number(),
      }),
    ),
  )
  .readonly();

const shapesSchema = z.array(z.tuple([z.string(), z.array(countSchema).readonly()])).readonly();

const headerSchema = z.strictObject({
  reading: readingSchema.describe('Progress of reading images'),
  crossFitted: crossFittedSchema.describe('Scores that finished folds held out, fold by fold'),
  stage: stageSchema.optional().describe('Progress of a stage; undefined while images are read'),
  values: shapesSchema,
  current: shapesSchema,
});

type Header = z.infer<typeof headerSchema>;
type TensorShape = Header['values'][number];

/** The saved record of an image that was read. */
export type SavedImage = z.infer<typeof savedImageSchema>;

/** Progress of reading images. */
export type SavedReading = z.infer<typeof readingSchema>;

/** What is kept of a finished fold: the scores of the images that it held out. */
export type SavedFold = z.infer<typeof crossFittedSchema>[number];

/** Progress of a stage. */
export type SavedStage = z.infer<typeof stageSchema>;

/** Everything that a training needs, in addition to its input, to resume as if it had never stopped. */
export interface SavedTraining extends Pick<Header, 'reading' | 'crossFitted' | 'stage'> {
  /** Values from earlier stages, or from the bundle that training continues from. */
  readonly values: Tensors;
  /** Parameters and moments of the current stage. */
  readonly current: Tensors;
}

const LENGTH_BYTES = 4;
const DIGEST_BYTES = 32;

/** Length of the header, the header as JSON, all float32 tensors in its order, SHA-256 over everything before it. */
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
    refuse(`${bytes.byteLength} bytes that are damaged or truncated`);
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

/** The digest detects damage; checking that everything is present and in range detects crafted files. */
function parseHeader(json: Uint8Array): Header {
  try {
    return headerSchema.parse(JSON.parse(new TextDecoder().decode(json)));
  } catch (cause) {
    const faults = cause instanceof z.ZodError ? `:\n${z.prettifyError(cause)}` : '';
    return refuse(`one with faults${faults}`, cause);
  }
}

function refuse(received: string, cause?: unknown): never {
  fail('CHECKPOINT_INVALID', `Expected the saved state of a training but received ${received}`, {
    cause,
  });
}
