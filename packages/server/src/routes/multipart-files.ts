import { fail } from '@bigrid/errors';
import type { MultipartFile } from '@fastify/multipart';
import type { FastifyRequest } from 'fastify';

/**
 * The files of a multipart request, as they arrive.
 * @throws REQUEST_INVALID if its form is malformed or ends early: the parser throws errors without a status for that
 */
export async function* multipartFiles(request: FastifyRequest): AsyncGenerator<MultipartFile> {
  const files = request.files();
  for (;;) {
    const next = await files.next().catch((cause: unknown) => {
      if ((cause as { statusCode?: number }).statusCode !== undefined) throw cause;
      return fail(
        'REQUEST_INVALID',
        `Expected a well-formed multipart body but received: ${(cause as Error).message}`,
        { cause },
      );
    });
    if (next.done) return;
    yield next.value;
  }
}
