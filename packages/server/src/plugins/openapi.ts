import { version } from '@bigrid/node';
import swagger from '@fastify/swagger';
import swaggerUi from '@fastify/swagger-ui';
import type { FastifyInstance } from 'fastify';
import fastifyPlugin from 'fastify-plugin';
import { jsonSchemaTransform, jsonSchemaTransformObject } from 'fastify-type-provider-zod';
import { KEY_COOKIE } from './access.ts';

/** Describes every route at /openapi.json, from the schemas that check the requests, with a page to try them at /docs. */
export const openapi = fastifyPlugin(async (app: FastifyInstance) => {
  await app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: {
        title: 'Bigrid',
        description: 'Visual anomaly detection: models, inspections, jobs.',
        version,
      },
      components: {
        securitySchemes: {
          key: { type: 'http', scheme: 'bearer' },
          session: { type: 'apiKey', in: 'cookie', name: KEY_COOKIE },
        },
      },
      // On loopback none is needed.
      security: [{ key: [] }, { session: [] }, {}],
    },
    transform: jsonSchemaTransform,
    transformObject: jsonSchemaTransformObject,
  });
  await app.register(async (page) => {
    page.addHook('onRoute', (route) => {
      route.config = { ...route.config, role: 'viewer' };
    });
    await page.register(swaggerUi, {
      routePrefix: '/docs',
      // Without the bar of the library: there is one description to show.
      uiConfig: { layout: 'BaseLayout' },
      // It sets style attributes.
      transformStaticCSP: (policy) =>
        policy.replace("style-src 'self'", "style-src 'self' 'unsafe-inline'"),
    });
  });
  app.get('/openapi.json', { config: { role: 'viewer' }, schema: { hide: true } }, async () =>
    app.swagger(),
  );
});
