import { BigridError, fail } from '@bigrid/errors';
import cookie from '@fastify/cookie';
import rateLimit from '@fastify/rate-limit';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import fastifyPlugin from 'fastify-plugin';
import { actAs } from '../services/audit.ts';
import { type Caller, type KeyService, loopback } from '../services/keys.ts';
import { covers, type Role } from '../services/roles.ts';

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Who may use the route: callers with this role or a higher one. Administrators alone if left out. */
    role?: Role | 'anyone';
  }
  interface FastifyRequest {
    /** Who sends the request. Nobody in particular for a route that is open to anyone. */
    caller: Caller | null;
  }
  interface FastifyInstance {
    /**
     * Who has a key. One that was not used before counts as a guess, of which an address has a limited number.
     * @throws TOO_MANY_REQUESTS
     */
    callerWith(
      key: string,
      request: FastifyRequest,
      reply: FastifyReply,
    ): Promise<Caller | undefined>;
  }
}

/** The cookie that carries a key, for what a browser sends without headers of the page: images and event streams. */
export const KEY_COOKIE = 'bigrid_key';

export interface AccessOptions {
  /** Whether callers on this machine need a key too. */
  readonly keysRequired: boolean;
  /** Most requests per second with one key or, for what is open to anyone, from one address. */
  readonly rateLimit: number;
}

/** Requests per minute and address without a key that is known to be valid. */
const MOST_STRANGERS = 60;

type Limiter = ReturnType<FastifyInstance['createRateLimit']>;

/** Lets each caller do what its role allows, as often as it may. */
export const access = fastifyPlugin(
  async (app: FastifyInstance, options: AccessOptions & { readonly keys: KeyService }) => {
    const { keys, keysRequired, rateLimit: max } = options;
    await app.register(rateLimit, { global: false });
    const perCaller = app.createRateLimit({
      max,
      timeWindow: 1000,
      keyGenerator: ({ caller, ip }) => (caller ? `key ${caller.name}` : `address ${ip}`),
    });
    const perStranger = app.createRateLimit({ max: MOST_STRANGERS, timeWindow: 60_000 });

    const callerWith = async (key: string, request: FastifyRequest, reply: FastifyReply) => {
      const known = keys.recall(key);
      if (known) return known;
      await limit(perStranger, request, reply);
      return keys.verify(key);
    };
    app.decorate('callerWith', callerWith);

    const identify = async (request: FastifyRequest, reply: FastifyReply): Promise<Caller> => {
      const { authorization } = request.headers;
      // Nor does a cookie matter then: it may come from another server on this machine, whatever its port.
      if (authorization === undefined && !keysRequired) return loopback;
      const key = keyOf(request);
      if (key === undefined) await limit(perStranger, request, reply);
      const caller = key === undefined ? undefined : await callerWith(key, request, reply);
      if (caller) return caller;
      reply.header('WWW-Authenticate', 'Bearer');
      const isNone = authorization === undefined && key === undefined;
      return fail(
        'KEY_INVALID',
        `Expected a key in the header Authorization or in a cookie but received ${isNone ? 'none' : 'one that is not valid'}`,
      );
    };

    await app.register(cookie);
    app.decorateRequest('caller', null);
    // Runs for unknown routes too, so that they tell nothing to strangers.
    app.addHook('onRequest', async (request, reply) => {
      const { role = 'admin' } = request.routeOptions.config;
      if (role !== 'anyone') request.caller = await identify(request, reply);
      if (request.caller === loopback) return;
      await limit(perCaller, request, reply);
      if (request.is404 || role === 'anyone') return;
      refuseBelow(role, request.caller as Caller);
    });
    // Around the handler alone: what parses bodies would lose it.
    app.addHook('preHandler', ({ caller }, _, done) => {
      if (caller) actAs(caller.name, done);
      else done();
    });
  },
);

/** The key that a request carries: a header takes precedence over the cookie. */
function keyOf({ headers: { authorization }, cookies }: FastifyRequest): string | undefined {
  if (authorization === undefined) return cookies[KEY_COOKIE];
  return /^Bearer +(\S+)$/i.exec(authorization)?.[1];
}

/** @throws ACCESS_DENIED */
function refuseBelow(needed: Role, { name, role }: Caller): void {
  if (covers(role, needed)) return;
  fail('ACCESS_DENIED', `Expected a key with the role ${needed} but ${name} has the role ${role}`);
}

/** @throws TOO_MANY_REQUESTS */
async function limit(
  limiter: Limiter,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<void> {
  const state = await limiter(request);
  if (state.isAllowed || !state.isExceeded) return;
  reply.header('Retry-After', state.ttlInSeconds);
  throw new BigridError(
    'TOO_MANY_REQUESTS',
    `Expected at most ${state.max} requests within ${state.timeWindow / 1000} s but received more`,
  );
}
