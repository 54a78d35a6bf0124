import { isIP } from 'node:net';
import { hostname } from 'node:os';
import { fail } from '@bigrid/errors';
import type { FastifyInstance } from 'fastify';
import fastifyPlugin from 'fastify-plugin';

export interface OriginOptions {
  /** Names that the server goes by, in lower case. */
  readonly names: ReadonlySet<string>;
}

/**
 * Refuses what the pages of other sites send. A site can point a name of its own at this machine (DNS rebinding), so
 * requests have to be for a name of the server or for an address, which cannot be pointed elsewhere. And what a page sends
 * across sites carries its origin, which has to be the server itself.
 */
export const origin = fastifyPlugin(async (app: FastifyInstance, { names }: OriginOptions) => {
  app.addHook('onRequest', async ({ headers }) => {
    const { host = '', origin } = headers;
    const name = nameOf(host);
    if (!names.has(name) && isIP(name) === 0) {
      fail(
        'ACCESS_DENIED',
        `Expected a name of this server in the header Host but received ${host}`,
        {
          remedy: 'If the server goes by this name, start it with `--allow-host` and the name.',
        },
      );
    }
    if (origin === undefined || isSame(origin, host)) return;
    fail(
      'ACCESS_DENIED',
      `Expected the server itself in the header Origin but received ${origin}`,
      {
        remedy: 'Open the page from the server itself, or send the request from a program.',
      },
    );
  });
});

/**
 * The names that the server goes by.
 * @param host what it listens on
 * @param further other names
 * @throws OPTION_INVALID
 */
export function namesOf(host: string, further: readonly string[]): Set<string> {
  for (const name of further) {
    if (nameOf(name) === name.toLowerCase()) continue;
    fail(
      'OPTION_INVALID',
      `Expected names such as vision.example for allowHost but received ${name}`,
    );
  }
  const machine = hostname();
  const names = ['localhost', machine, `${machine}.local`, host, ...further];
  return new Set(names.map((name) => name.toLowerCase()));
}

/** Either may leave the port out if it is that of the scheme. */
function isSame(origin: string, host: string): boolean {
  const from = URL.parse(origin);
  if (from?.protocol !== 'http:' && from?.protocol !== 'https:') return false;
  return from.host === URL.parse(`${from.protocol}//${host}`)?.host;
}

/** Name or address in a Host header, without brackets, port, and the dot that may end a name; empty if it is none. */
function nameOf(host: string): string {
  if (!/^[\w.:[\]-]+$/.test(host)) return '';
  const name = URL.parse(`http://${host}`)?.hostname ?? '';
  return name.replace(/\.$/, '').replace(/^\[(.*)\]$/, '$1');
}
