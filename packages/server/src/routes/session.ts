import { fail } from '@bigrid/errors';
import type { FastifyInstance } from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { type AccessOptions, KEY_COOKIE } from '../plugins/access.ts';
import { errorResponses } from '../plugins/errors.ts';
import { loopback } from '../services/keys.ts';
import { roles } from '../services/roles.ts';

const sessionSchema = z
  .object({
    keysRequired: z.boolean().describe('Whether requests need a key'),
    caller: z
      .object({ name: z.string(), role: z.enum(roles) })
      .nullable()
      .describe('Whose key the cookie carries; null if it has none that is valid'),
  })
  .meta({ id: 'Session' });

const tags = ['session'];
const config = { role: 'anyone' } as const;
/** Of the cookie, which ends with the browser. Pages of other sites cannot make it be sent, and scripts cannot read it. */
const cookie = { path: '/', httpOnly: true, sameSite: 'strict' } as const;

/** Sign in and out with a key, for browsers, which send no header Authorization for images and event streams. */
export async function sessionRoutes(
  app: FastifyInstance,
  { keysRequired }: Pick<AccessOptions, 'keysRequired'>,
): Promise<void> {
  const typed = app.withTypeProvider<ZodTypeProvider>();
  app.addHook('onSend', async (_, reply) => {
    reply.header('Cache-Control', 'no-store');
  });
  typed.get(
    '/v1/session',
    {
      config,
      schema: {
        tags,
        summary: 'Tell who is signed in, and whether that is needed',
        response: { 200: sessionSchema, ...errorResponses },
      },
    },
    async (request, reply) => {
      if (!keysRequired) return { keysRequired, caller: loopback };
      const key = request.cookies[KEY_COOKIE];
      const caller = key === undefined ? undefined : await app.callerWith(key, request, reply);
      return { keysRequired, caller: caller ?? null };
    },
  );
  typed.post(
    '/v1/session',
    {
      config,
      schema: {
        tags,
        summary: 'Sign in: keep a key in a cookie',
        body: z.strictObject({ key: z.string().min(1).max(200) }),
        response: { 204: z.null(), ...errorResponses },
      },
    },
    async (request, reply) => {
      const { key } = request.body;
      if (!(await app.callerWith(key, request, reply))) {
        fail('KEY_INVALID', 'Expected a key to sign in with but received one that is not valid', {
          remedy: 'Copy the whole key, or ask an administrator for another one.',
        });
      }
      // A proxy may have added TLS, which only the page knows.
      const secure = request.headers.origin?.startsWith('https:') ?? false;
      return reply
        .setCookie(KEY_COOKIE, key, { ...cookie, secure })
        .code(204)
        .send(null);
    },
  );
  typed.delete(
    '/v1/session',
    {
      config,
      schema: {
        tags,
        summary: 'Sign out: remove the cookie',
        response: { 204: z.null(), ...errorResponses },
      },
    },
    async (_, reply) => reply.clearCookie(KEY_COOKIE, cookie).code(204).send(null),
  );
}
