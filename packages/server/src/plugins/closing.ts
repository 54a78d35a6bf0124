import { setTimeout } from 'node:timers/promises';
import type { FastifyInstance } from 'fastify';
import fastifyPlugin from 'fastify-plugin';

/** Milliseconds that running requests get to finish when the server closes. */
const GRACE = 30_000;

declare module 'fastify' {
  interface FastifyInstance {
    /** Aborted when the server closes: it ends event streams, which would keep it from closing. */
    readonly stopping: AbortSignal;
  }
}

/**
 * Lets running requests finish when the server closes, then ends all connections. Node.js by itself would wait a minute for
 * those that were opened in advance and never used, as browsers do.
 */
export const closing = fastifyPlugin(async (app: FastifyInstance) => {
  const stopping = new AbortController();
  app.decorate('stopping', stopping.signal);
  let running = 0;
  let finished: (() => void) | undefined;
  app.addHook('onRequest', async (_, reply) => {
    running++;
    // Also if the client hangs up, when there is no response.
    reply.raw.once('close', () => {
      running--;
      if (running === 0) finished?.();
    });
  });
  app.addHook('preClose', async () => {
    stopping.abort();
    const stopped = new AbortController();
    const all = new Promise<void>((resolve) => {
      finished = resolve;
      if (running === 0) resolve();
    });
    const limit = setTimeout(GRACE, undefined, { signal: stopped.signal }).catch(() => {});
    await Promise.race([all, limit]);
    stopped.abort();
    app.server.closeAllConnections();
  });
});
