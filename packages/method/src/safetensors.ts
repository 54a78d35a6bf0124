import { fail } from '@bigrid/errors';
import { type ElementType, fromBytes, type Tensor } from '@bigrid/graph';
import { z } from 'zod';

const elementTypes: Readonly<Record<string, ElementType>> = {
  F32: 'float32',
  F16: 'float16',
  I64: 'int64',
  I32: 'int32',
  U8: 'uint8',
  BOOL: 'bool',
};

const entrySchema = z.looseObject({
  dtype: z.string(),
  shape: z.array(z.int().nonnegative()),
  data_offsets: z.tuple([z.int().nonnegative(), z.int().nonnegative()]),
});

const headerSchema = z
  .object({ __metadata__: z.record(z.string(), z.unknown()).optional() })
  .catchall(entrySchema);

/**
 * Reads a safetensors file: 8 bytes of header length, a JSON header, then the tensors' bytes. Every stated
 * offset is checked against the available bytes. Tensors of a type that we do not use are skipped.
 * @throws WEIGHTS_INVALID
 */
export function readSafetensors(bytes: Uint8Array): Map<string, Tensor> {
  const invalid = (expected: string, received: string, cause?: unknown) =>
    fail('WEIGHTS_INVALID', `Expected ${expected} in a safetensors file but received ${received}`, {
      cause,
    });
  if (bytes.byteLength < 8) invalid('a header', `${bytes.byteLength} bytes`);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const headerLength = Number(view.getBigUint64(0, true));
  const start = 8 + headerLength;
  if (start > bytes.byteLength) {
    invalid(`a header of ${headerLength} bytes`, `a file of ${bytes.byteLength}`);
  }
  let parsed: unknown;
  try {
    parsed = JSON.parse(new TextDecoder().decode(bytes.subarray(8, start)));
  } catch (error) {
    invalid('a JSON header', 'something else', error);
  }
  const header = headerSchema.safeParse(parsed);
  if (!header.success) return invalid('tensors by name', z.prettifyError(header.error));
  const tensors = new Map<string, Tensor>();
  const { __metadata__: _, ...entries } = header.data;
  for (const [name, { dtype, shape, data_offsets: offsets }] of Object.entries(entries)) {
    const type = elementTypes[dtype];
    if (!type) continue;
    if (offsets[1] > bytes.byteLength - start || offsets[0] > offsets[1]) {
      invalid(
        `${name} at bytes ${offsets.join('..')}`,
        `${bytes.byteLength - start} bytes of data`,
      );
    }
    try {
      tensors.set(
        name,
        fromBytes(type, shape, bytes.subarray(start + offsets[0], start + offsets[1])),
      );
    } catch (error) {
      invalid(`${name} of shape [${shape.join(', ')}]`, `bytes ${offsets.join('..')}`, error);
    }
  }
  return tensors;
}
