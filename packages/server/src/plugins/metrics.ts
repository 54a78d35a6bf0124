import type { FastifyInstance } from 'fastify';
import fastifyPlugin from 'fastify-plugin';
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import type { Services } from '../services/services.ts';

/** Prometheus metrics at /metrics: requests by route, inspections by verdict, queues, memory, and the event loop's delay. */
export const metrics = fastifyPlugin(
  async (app: FastifyInstance, { inspections, models }: Services) => {
    const registry = new Registry();
    const registers = [registry];
    collectDefaultMetrics({ register: registry });
    const requests = new Histogram({
      name: 'bigrid_http_request_seconds',
      help: 'Duration of HTTP requests',
      labelNames: ['method', 'route', 'status'],
      buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10],
      registers,
    });
    const inspected = new Counter({
      name: 'bigrid_inspections_total',
      help: 'Inspected images by model and verdict',
      labelNames: ['model', 'verdict'],
      registers,
    });
    new Gauge({
      name: 'bigrid_inspections_waiting',
      help: 'Inspections that wait for a process',
      registers,
      collect() {
        this.set(models.waiting);
      },
    });
    inspections.onRecorded = (model, verdict) => inspected.inc({ model, verdict });
    app.addHook('onResponse', async ({ method, routeOptions }, reply) => {
      // The pattern of the route, not the URL: the number of series stays bounded.
      const route = routeOptions.url ?? 'none';
      requests.observe({ method, route, status: reply.statusCode }, reply.elapsedTime / 1000);
    });
    app.get('/metrics', { config: { role: 'viewer' }, schema: { hide: true } }, async (_, reply) =>
      reply.type(registry.contentType).send(await registry.metrics()),
    );
  },
);
