import { fail } from '@bigrid/errors';
import { z } from 'zod';

// The tensors of the Open Inference Protocol, version 2 (KServe), with its binary tensor data extension: the JSON of a
// request or response may be followed by the bytes of tensors, in the order in which the JSON lists them.

const datatypes = ['BOOL', 'UINT8', 'FP32', 'BYTES'] as const;
type Datatype = (typeof datatypes)[number];

const parameters = z.record(z.string(), z.union([z.string(), z.number(), z.boolean()]));

const inputSchema = z.object({
  name: z.string(),
  datatype: z.string(),
  shape: z.array(z.int().min(0)).max(8),
  parameters: parameters.optional(),
  // Not looked into: it may have millions of numbers.
  data: z.custom<unknown[]>(Array.isArray).optional(),
});

/** The JSON part of a request. */
const inferRequestSchema = z
  .object({
    id: z.string().max(1000).optional(),
    parameters: parameters.optional(),
    inputs: z.array(inputSchema).min(1),
    outputs: z.array(z.object({ name: z.string(), parameters: parameters.optional() })).optional(),
  })
  .meta({ id: 'InferRequest' });

export type InferRequest = z.infer<typeof inferRequestSchema>;
export type InferInput = InferRequest['inputs'][number];

/** The JSON part of a response. */
const inferResponseSchema = z
  .object({
    model_name: z.string(),
    model_version: z.string(),
    id: z.string().optional(),
    outputs: z.array(
      z.object({
        name: z.string(),
        datatype: z.enum(datatypes),
        shape: z.array(z.int()),
        parameters: parameters.optional(),
        data: z.array(z.union([z.number(), z.boolean(), z.string()])).optional(),
      }),
    ),
  })
  .meta({ id: 'InferResponse' });

export type InferResponse = z.infer<typeof inferResponseSchema>;

/** A request whose binary tensors were split off. */
export interface ReceivedRequest {
  readonly request: InferRequest;
  /** The bytes of each input, by its name; none for an input with `data` in the JSON. */
  readonly binary: ReadonlyMap<string, Uint8Array>;
}

/**
 * Splits the body of a request into its JSON and its binary tensors.
 * @param jsonLength the header Inference-Header-Content-Length: bytes of the JSON; all of them if left out
 * @throws REQUEST_INVALID if the lengths do not add up, or the JSON is not a request
 */
export function parseRequest(body: Uint8Array, jsonLength: string | undefined): ReceivedRequest {
  const length = jsonLength === undefined ? body.length : lengthOf(jsonLength, body.length);
  const request = inferRequestSchema.safeParse(jsonOf(body.subarray(0, length)));
  if (!request.success) return refuse('an inference request', firstIssue(request.error));
  const binary = new Map<string, Uint8Array>();
  let at = length;
  for (const { name, parameters, data } of request.data.inputs) {
    const size = parameters?.binary_data_size;
    if (size === undefined) continue;
    if (typeof size !== 'number' || !Number.isSafeInteger(size) || size < 0) {
      return refuse(`a number of bytes as binary_data_size of input ${name}`, String(size));
    }
    if (data !== undefined) {
      return refuse(`either data or binary_data_size for input ${name}`, 'both');
    }
    if (size > body.length - at) {
      return refuse(`${size} bytes for input ${name}`, `${body.length - at}`);
    }
    binary.set(name, body.subarray(at, at + size));
    at += size;
  }
  if (at !== body.length) {
    return refuse('a body that ends with its last tensor', `${body.length - at} further bytes`);
  }
  return { request: request.data, binary };
}

function lengthOf(header: string, most: number): number {
  const length = /^\d{1,15}$/.test(header) ? Number(header) : Number.NaN;
  if (!(length <= most)) {
    return refuse(
      `at most ${most}, the length of the body, for Inference-Header-Content-Length`,
      header,
    );
  }
  return length;
}

function jsonOf(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch {
    return refuse(
      'JSON at the start of the body',
      'something else; before binary tensors, Inference-Header-Content-Length gives its length',
    );
  }
}

/** A tensor to send. */
export interface OutputTensor {
  readonly name: string;
  readonly datatype: Datatype;
  readonly shape: readonly number[];
  /** BOOL as 0 and 1; BYTES as text. */
  readonly data: Float32Array | Uint8Array | readonly string[];
}

export interface SentResponse {
  readonly json: InferResponse;
  /** The bytes of the binary tensors, in order; empty if all are in the JSON. */
  readonly binary: readonly Uint8Array[];
}

/** A response whose tensors are in its JSON or, where the request asks for it, binary. */
export function formatResponse(
  head: Omit<InferResponse, 'outputs'>,
  outputs: readonly OutputTensor[],
  { parameters, outputs: asked }: Pick<InferRequest, 'parameters' | 'outputs'>,
): SentResponse {
  const binary: Uint8Array[] = [];
  const described = outputs.map(({ name, datatype, shape, data }) => {
    const own = asked?.find((output) => output.name === name)?.parameters?.binary_data;
    const common = { name, datatype, shape: [...shape] };
    if ((own ?? parameters?.binary_data_output) !== true) {
      return { ...common, data: valuesOf(datatype, data) };
    }
    const bytes = bytesOf(data);
    binary.push(bytes);
    return { ...common, parameters: { binary_data_size: bytes.length } };
  });
  return { json: { ...head, outputs: described }, binary };
}

function valuesOf(datatype: Datatype, data: OutputTensor['data']): (number | boolean | string)[] {
  const values: (number | string)[] = [...data];
  return datatype === 'BOOL' ? values.map((value) => value === 1) : values;
}

/** Little-endian; each element of BYTES begins with its length in 4 bytes. */
function bytesOf(data: OutputTensor['data']): Uint8Array {
  if (data instanceof Uint8Array) return data;
  if (data instanceof Float32Array) {
    return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  }
  return Buffer.concat(
    data.map((text) => {
      const bytes = Buffer.from(text);
      const length = Buffer.alloc(4);
      length.writeUInt32LE(bytes.length);
      return Buffer.concat([length, bytes]);
    }),
  );
}

/** @throws REQUEST_INVALID */
export function refuse(expected: string, received: string): never {
  return fail('REQUEST_INVALID', `Expected ${expected} but received ${received}`);
}

function firstIssue({ issues }: z.ZodError): string {
  const [issue] = issues;
  return `at ${issue?.path.join('.') || 'the top'}: ${issue?.message}`;
}
