import { fileURLToPath } from 'node:url';
import { pageFolder } from '@bigrid/studio';
import fastifyStatic from '@fastify/static';
import type { FastifyInstance } from 'fastify';

/** Names in this folder change with their content. */
const ASSETS = /\/assets\//;

/** Serves the studio at `/`, to anyone: it asks for a key itself, and has no data of its own. */
export async function studio(app: FastifyInstance): Promise<void> {
  app.addHook('onRoute', (route) => {
    route.config = { ...route.config, role: 'anyone' };
    route.schema = { ...route.schema, hide: true };
  });
  await app.register(fastifyStatic, {
    root: fileURLToPath(pageFolder),
    // One route per file, so that any other path stays unknown.
    wildcard: false,
    cacheControl: false,
    setHeaders: (reply, path) =>
      reply.header(
        'Cache-Control',
        ASSETS.test(path) ? 'public, max-age=31536000, immutable' : 'no-cache',
      ),
  });
}
