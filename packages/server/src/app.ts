import helmet, { type FastifyHelmetOptions } from '@fastify/helmet';
import Fastify, { type FastifyBaseLogger, type FastifyInstance } from 'fastify';
import { serializerCompiler } from 'fastify-type-provider-zod';
import { type AccessOptions, access } from './plugins/access.ts';
import { closing } from './plugins/closing.ts';
import { answerUnrouted, errors } from './plugins/errors.ts';
import { answerMalformed, hostile, httpOptions, KEEP_ALIVE } from './plugins/hostile.ts';
import { metrics } from './plugins/metrics.ts';
import { openapi } from './plugins/openapi.ts';
import { type OriginOptions, origin } from './plugins/origin.ts';
import { studio } from './plugins/studio.ts';
import { validatorCompiler } from './plugins/validation.ts';
import { auditRoutes } from './routes/audit.ts';
import { comparisonRoutes } from './routes/comparison.ts';
import { exampleRoutes } from './routes/examples.ts';
import { groundTruthRoutes } from './routes/ground-truths.ts';
import { healthRoutes } from './routes/health.ts';
import { historyRoutes } from './routes/history.ts';
import { imageRoutes } from './routes/images.ts';
import { inspectRoutes } from './routes/inspect.ts';
import { inspectionRoutes } from './routes/inspections.ts';
import { jobRoutes } from './routes/jobs.ts';
import { keyRoutes } from './routes/keys.ts';
import { liveStreamRoutes } from './routes/live-streams.ts';
import { modelRoutes } from './routes/models.ts';
import { openInferenceRoutes } from './routes/open-inference.ts';
import { projectRoutes } from './routes/projects.ts';
import { scoreRoutes } from './routes/scores.ts';
import { sessionRoutes } from './routes/session.ts';
import { streamRoutes } from './routes/streams.ts';
import type { Services } from './services/services.ts';

export interface AppOptions extends AccessOptions, OriginOptions {
  /** Most bytes of a request, other than a model file. */
  readonly bodyLimit: number;
  readonly logger: FastifyBaseLogger;
}

/** Of all responses: pages may load what the server itself has, and nothing else; scripts are files. */
const headers: FastifyHelmetOptions = {
  contentSecurityPolicy: {
    useDefaults: false,
    directives: {
      defaultSrc: ["'self'"],
      scriptSrc: ["'self'"],
      styleSrc: ["'self'"],
      imgSrc: ["'self'", 'data:', 'blob:'],
      objectSrc: ["'none'"],
      baseUri: ["'none'"],
      formAction: ["'self'"],
      frameAncestors: ["'none'"],
    },
  },
  // For whoever adds TLS in front to decide.
  strictTransportSecurity: false,
};

/** The HTTP application, which does not listen yet. */
export async function createApp(
  services: Services,
  { bodyLimit, logger, ...limits }: AppOptions,
): Promise<FastifyInstance> {
  const app = Fastify({
    loggerInstance: logger,
    bodyLimit,
    http: httpOptions,
    keepAliveTimeout: KEEP_ALIVE,
    requestTimeout: httpOptions.requestTimeout,
    clientErrorHandler: answerMalformed,
    frameworkErrors: answerUnrouted,
    routerOptions: { maxParamLength: 200 },
  });
  app.setValidatorCompiler(validatorCompiler);
  app.setSerializerCompiler(serializerCompiler);

  await app.register(closing);
  await app.register(errors);
  await app.register(hostile);
  await app.register(origin, limits);
  await app.register(access, { ...services, ...limits });
  await app.register(helmet, headers);
  await app.register(openapi);
  await app.register(metrics, services);

  await app.register(healthRoutes, services);
  await app.register(auditRoutes, services);
  await app.register(keyRoutes, services);
  await app.register(sessionRoutes, limits);
  await app.register(modelRoutes, services);
  await app.register(exampleRoutes, services);
  await app.register(inspectRoutes, services);
  await app.register(inspectionRoutes, services);
  await app.register(historyRoutes, services);
  await app.register(openInferenceRoutes, services);
  await app.register(projectRoutes, services);
  await app.register(imageRoutes, services);
  await app.register(groundTruthRoutes, services);
  await app.register(scoreRoutes, services);
  await app.register(comparisonRoutes, services);
  await app.register(jobRoutes, services);
  await app.register(streamRoutes, services);
  await app.register(liveStreamRoutes, services);
  await app.register(studio);
  return app;
}
