import { Readable } from 'node:stream';
import { fail } from '@bigrid/errors';

/**
 * The body of a request whose parser leaves it as a stream.
 * @param what is expected, with its article: "a model file"
 * @param remedy for a request without a body
 * @throws REQUEST_INVALID without a body; MEDIA_UNSUPPORTED for JSON, which is not kept as it was sent
 */
export function bodyStream(body: unknown, what: string, remedy?: string): Readable {
  if (body instanceof Readable) return body;
  if (body === undefined || body === null) {
    return fail('REQUEST_INVALID', `Expected ${what} as the body but received nothing`, { remedy });
  }
  return fail('MEDIA_UNSUPPORTED', `Expected ${what} as the body but received JSON`, {
    remedy: 'Send it with the Content-Type application/octet-stream.',
  });
}
