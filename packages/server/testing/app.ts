import type { FastifyInstance } from 'fastify';
import { pino } from 'pino';
import { afterAll, beforeAll } from 'vitest';
import { type AppOptions, createApp } from '../src/app.ts';
import { serverOptionsSchema } from '../src/options.ts';
import { openServices } from '../src/serve.ts';
import type { Services } from '../src/services/services.ts';
import { useFolder } from './server.ts';

const plain: AppOptions = {
  bodyLimit: 2 ** 20,
  keysRequired: true,
  names: new Set(['localhost']),
  rateLimit: 1000,
  logger: pino({ level: 'silent' }),
};

/** The services of a server without models, for all tests of a file. */
export function useServices(): () => Services {
  const at = useFolder();
  const opened: (() => unknown)[] = [];
  let services: Services;
  beforeAll(async () => {
    services = await openServices(serverOptionsSchema.parse({ data: at() }), opened, console);
  });
  afterAll(async () => {
    for (const close of opened.reverse()) await close();
  });
  return () => services;
}

/** An application that asks for keys; requests are injected, without a socket. */
export function openApp(
  services: Services,
  options: Partial<AppOptions> = {},
): Promise<FastifyInstance> {
  return createApp(services, { ...plain, ...options });
}
