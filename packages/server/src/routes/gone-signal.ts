import type { FastifyRequest } from 'fastify';

/** Aborted when the client hangs up before it has its response. */
export function goneSignal({ raw }: FastifyRequest): AbortSignal {
  const gone = new AbortController();
  raw.socket.once('close', () => gone.abort());
  return gone.signal;
}
