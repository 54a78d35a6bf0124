import { BigridError, type ErrorCode, isBigridError } from '@bigrid/errors';
import type {
  FastifyBaseLogger,
  FastifyError,
  FastifyInstance,
  FastifyReply,
  FastifyRequest,
} from 'fastify';
import fastifyPlugin from 'fastify-plugin';
import { isResponseSerializationError } from 'fastify-type-provider-zod';
import { z } from 'zod';

/** The body of every response that is an error. `error` is the name that the Open Inference Protocol gives the message. */
export const errorSchema = z
  .object({
    error: z.string().describe('What was expected, and what was received'),
    code: z.string().describe('Stable code; the docs list all of them'),
    remedy: z.string().describe('What to do about it'),
    field: z
      .string()
      .optional()
      .describe('The part of the request that does not fit its schema, such as body.options.size'),
  })
  .meta({ id: 'Error' });

export type ErrorBody = z.output<typeof errorSchema>;

/** The responses that are errors, as every route describes them. */
export const errorResponses = { '4xx': errorSchema, '5xx': errorSchema };

/** Seconds after which a client should try again, by the code of the error. */
const RETRY_AFTER: Partial<Record<ErrorCode, number>> = {
  SERVER_BUSY: 1,
  WORKER_LOST: 1,
  TIMED_OUT: 5,
  STORE_BUSY: 5,
  QUEUE_UNAVAILABLE: 5,
};

/** Milliseconds between lines of the log about one reason why requests cannot be served now. */
const BETWEEN_LINES = 60_000;

/** Answers errors in one shape, from the registry. What is not in it is a bug: it is logged, and the client learns nothing else. */
export const errors = fastifyPlugin(async (app: FastifyInstance) => {
  const logUnavailable = unavailableLog(app.log);
  app.setErrorHandler((error: FastifyError, request, reply) => {
    const known = toBigridError(error);
    if (known.httpStatus === 503) logUnavailable(known);
    else if (known.httpStatus >= 500) request.log.error({ err: error }, known.message);
    return answer(reply, known);
  });
  app.setNotFoundHandler((request: FastifyRequest, reply) => {
    const { method, url } = request;
    const [path] = url.split('?');
    return answer(
      reply,
      new BigridError('NOT_FOUND', `Expected a route but received ${method} ${path}`),
    );
  });
});

/** Over capacity nearly every request is refused: a line for each would fill the disk with what `/metrics` counts. */
function unavailableLog(log: FastifyBaseLogger): (error: BigridError) => void {
  const said = new Map<ErrorCode, { readonly at: number; since: number }>();
  return ({ code, message }) => {
    const now = performance.now();
    const last = said.get(code);
    if (last && now - last.at < BETWEEN_LINES) {
      last.since++;
      return;
    }
    log.warn({ code, sinceLastLine: last?.since ?? 0 }, message);
    said.set(code, { at: now, since: 0 });
  };
}

/** Answers what Fastify refuses before it knows the route, such as broken escapes in a URL. */
export function answerUnrouted(error: FastifyError, _: FastifyRequest, reply: FastifyReply): void {
  answer(reply, toBigridError(error));
}

function answer(reply: FastifyReply, error: BigridError) {
  const seconds = RETRY_AFTER[error.code];
  if (seconds !== undefined) reply.header('Retry-After', seconds);
  // Not through the schema of the route, which may be for another type.
  return reply
    .code(error.httpStatus)
    .type('application/json; charset=utf-8')
    .serializer((value) => JSON.stringify(value))
    .send(errorBody(error));
}

/** A part of a request that does not fit its schema. */
export class FieldError extends BigridError {
  /** Such as `body.options.size`. */
  readonly field: string;

  constructor(field: string, message: string) {
    super('REQUEST_INVALID', message);
    this.field = field;
  }
}

/** An error as the body of a response, or a part of one. */
export function errorBody(error: BigridError): z.infer<typeof errorSchema> {
  const { message, code, remedy } = error;
  const body = { error: message, code, remedy };
  return error instanceof FieldError ? { ...body, field: error.field } : body;
}

/** The error of the registry for one of Fastify, zod, or a bug. */
export function toBigridError(error: FastifyError): BigridError {
  if (isBigridError(error)) return error;
  if (isResponseSerializationError(error)) return internal();
  const { statusCode = 500, message } = error;
  if (statusCode === 429) return new BigridError('TOO_MANY_REQUESTS', message);
  if (statusCode === 413)
    return new BigridError('REQUEST_TOO_LARGE', `Expected a smaller request: ${message}`);
  if (statusCode === 415)
    return new BigridError('MEDIA_UNSUPPORTED', `Expected another Content-Type: ${message}`);
  if (statusCode >= 400 && statusCode < 500) {
    return new BigridError('REQUEST_INVALID', `Expected a valid request: ${message}`);
  }
  return internal();
}

function internal(): BigridError {
  return new BigridError('ENGINE_FAILED', 'The server failed to answer this request', {
    remedy: 'This is a bug in Bigrid: please report it with the lines of the server log.',
  });
}
