import { Socket } from 'node:net';
import { BigridError, fail } from '@bigrid/errors';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import fastifyPlugin from 'fastify-plugin';
import { errorBody } from './errors.ts';

export interface HostileOptions {
  /** Milliseconds that the server waits for the next bytes of a body. */
  readonly stall?: number;
}

/** Options of the HTTP server, in milliseconds unless a name says otherwise. */
export const httpOptions = {
  /** From the first byte of a request to the end of its headers. */
  headersTimeout: 15_000,
  /** For the whole of a request: model files take a while on slow lines. */
  requestTimeout: 3_600_000,
  connectionsCheckingInterval: 1000,
  /** Bytes of the request line and all headers. */
  maxHeaderSize: 16_384,
};
/** Milliseconds: longer than proxies keep a connection, so that they never send on one that is just being closed. */
export const KEEP_ALIVE = 65_000;
/** An unused connection takes some 10 kB. */
const MOST_CONNECTIONS = 4096;
const STALL = 30_000;

/** Headers of which a second one would be read by one program and not by another. */
const single: ReadonlySet<string> = new Set([
  'authorization',
  'content-encoding',
  'host',
  'origin',
]);

/** Refuses requests that are ambiguous or compressed, and ends those that stall. */
export const hostile = fastifyPlugin(
  async (app: FastifyInstance, { stall = STALL }: HostileOptions) => {
    app.server.maxConnections = MOST_CONNECTIONS;
    app.addHook('onRequest', async (request) => {
      refuseDoubles(request.raw.rawHeaders);
      const { 'content-encoding': encoding = 'identity' } = request.headers;
      // A few kilobytes could become gigabytes.
      if (encoding !== 'identity') {
        fail(
          'MEDIA_UNSUPPORTED',
          `Expected a body without Content-Encoding but received ${encoding}`,
          {
            remedy: 'Send the body uncompressed.',
          },
        );
      }
      endIfStalled(request, stall);
    });
  },
);

function refuseDoubles(headers: readonly string[]): void {
  const seen = new Set<string>();
  for (let i = 0; i < headers.length; i += 2) {
    const name = (headers[i] as string).toLowerCase();
    if (!single.has(name)) continue;
    if (seen.has(name)) fail('REQUEST_INVALID', `Expected one header ${name} but received several`);
    seen.add(name);
  }
}

/** A body that the client stops sending would keep its connection and what was received of it. */
function endIfStalled({ raw, headers }: FastifyRequest, stall: number): void {
  if (headers['content-length'] === undefined && headers['transfer-encoding'] === undefined) return;
  const { socket } = raw;
  // Requests that are injected, as tests do, have no connection.
  if (!(socket instanceof Socket)) return;
  socket.setTimeout(stall);
  raw.on('timeout', () => {
    // If it is the server that does not read, the client is not to blame.
    if (raw.readableLength > 0 || raw.readableFlowing === false) socket.setTimeout(stall);
    else raw.destroy();
  });
  raw.once('end', () => socket.setTimeout(0));
}

/** Answers what is not HTTP, in the shape of all errors, and closes the connection. */
export function answerMalformed(error: NodeJS.ErrnoException, socket: Socket): void {
  if (error.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy();
    return;
  }
  const body = JSON.stringify(errorBody(new BigridError('REQUEST_INVALID', messageFor(error))));
  const head = [
    `HTTP/1.1 ${statusFor(error)}`,
    'Content-Type: application/json; charset=utf-8',
    `Content-Length: ${Buffer.byteLength(body)}`,
    'Connection: close',
  ];
  socket.end(`${head.join('\r\n')}\r\n\r\n${body}`, () => socket.destroy());
}

function statusFor({ code }: NodeJS.ErrnoException): string {
  switch (code) {
    case 'HPE_HEADER_OVERFLOW':
      return '431 Request Header Fields Too Large';
    case 'ERR_HTTP_REQUEST_TIMEOUT':
      return '408 Request Timeout';
    default:
      return '400 Bad Request';
  }
}

function messageFor({ code }: NodeJS.ErrnoException): string {
  switch (code) {
    case 'HPE_HEADER_OVERFLOW':
      return `Expected at most ${httpOptions.maxHeaderSize} bytes of headers but received more`;
    case 'ERR_HTTP_REQUEST_TIMEOUT':
      return 'Expected a whole request but it did not arrive in time';
    default:
      return `Expected an HTTP request but received something else (${code})`;
  }
}
