import helmet from '@fastify/helmet';
import Fastify, { type FastifyBaseLogger, type FastifyInstance } from 'fastify';
import { serializerCompiler, validatorCompiler } from 'fastify-type-provider-zod';
import { closing } from './plugins/closing.ts';
import { errors } from './plugins/errors.ts';
import { metrics } from './plugins/metrics.ts';
import { openapi } from './plugins/openapi.ts';
import { healthRoutes } from './routes/health.ts';
import { imageRoutes } from './routes/images.ts';
import { inspectRoutes } from './routes/inspect.ts';
import { modelRoutes } from './routes/models.ts';
import { openInferenceRoutes } from './routes/open-inference.ts';
import { projectRoutes } from './routes/projects.ts';
import { streamRoutes } from './routes/streams.ts';
import type { Services } from './services/services.ts';

export interface AppOptions {
  /** Most bytes of a request, other than a model file. */
  readonly bodyLimit: number;
  readonly logger: FastifyBaseLogger;
}

/** The HTTP application, which does not listen yet. */
export async function createApp(
  services: Services,
  { bodyLimit, logger }: AppOptions,
): Promise<FastifyInstance> {
  const app = Fastify({
    loggerInstance: logger,
    bodyLimit,
    routerOptions: { maxParamLength: 200 },
  });
  app.setValidatorCompiler(validatorCompiler);
  app.setSerializerCompiler(serializerCompiler);

  await app.register(closing);
  await app.register(errors);
  await app.register(helmet);
  await app.register(openapi);
  await app.register(metrics, services);

  await app.register(healthRoutes, services);
  await app.register(modelRoutes, services);
  await app.register(inspectRoutes, services);
  await app.register(openInferenceRoutes, services);
  await app.register(projectRoutes, services);
  await app.register(imageRoutes, services);
  await app.register(streamRoutes, services);
  return app;
}
