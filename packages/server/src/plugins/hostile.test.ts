import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { text } from 'node:stream/consumers';
import { gzipSync } from 'node:zlib';
import Fastify from 'fastify';
import { describe, expect, it } from 'vitest';
import { useServer } from '../../testing/server.ts';
import { errors } from './errors.ts';
import { answerMalformed, hostile, httpOptions } from './hostile.ts';

const used = useServer({ bodyLimit: 1 });

function open(url = used.server.url): Socket {
  const { hostname, port } = new URL(url);
  // Servers may reset connections whose bytes they did not read.
  return connect(Number(port), hostname).on('error', () => {});
}

/** Sends bytes as they are. @returns all that comes back until the server closes the connection */
async function raw(...parts: (string | Buffer)[]): Promise<string> {
  const socket = open();
  for (const part of parts) socket.write(part);
  return text(socket);
}

const head = (start: string, ...more: string[]) =>
  `${[start, 'Host: localhost', 'Connection: close', ...more].join('\r\n')}\r\n\r\n`;
const inspect = 'POST /v1/models/part/inspect HTTP/1.1';

const bodyOf = (response: string) => JSON.parse(response.slice(response.indexOf('\r\n\r\n') + 4));

async function expectHealthy(): Promise<void> {
  expect((await used.server.send('GET', '/health/ready')).status).toBe(200);
}

describe('a hostile client', () => {
  it.each([
    [
      'a name of another site',
      ['GET /v2 HTTP/1.1', 'Host: evil.example', 'Connection: close'],
      403,
    ],
    ['no Host', ['GET /v2 HTTP/1.1', 'Connection: close'], 400],
    ['two of them', ['GET /v2 HTTP/1.1', 'Host: localhost', 'Host: evil.example'], 400],
    [
      'a foreign origin',
      ['GET /v2 HTTP/1.1', 'Host: localhost', 'Origin: http://evil.example'],
      403,
    ],
    [
      'two keys',
      ['GET /v2 HTTP/1.1', 'Host: localhost', 'Authorization: Bearer a', 'Authorization: Bearer b'],
      400,
    ],
    ['two lengths', [inspect, 'Host: localhost', 'Content-Length: 1', 'Content-Length: 2'], 400],
    [
      'a length and chunks',
      [inspect, 'Host: localhost', 'Content-Length: 1', 'Transfer-Encoding: chunked'],
      400,
    ],
    ['a negative length', [inspect, 'Host: localhost', 'Content-Length: -1'], 400],
    ['long headers', ['GET /v2 HTTP/1.1', 'Host: localhost', `X: ${'x'.repeat(20_000)}`], 431],
    ['a long URL', [`GET /${'x'.repeat(20_000)} HTTP/1.1`, 'Host: localhost'], 431],
    ['a long name', [`GET /v1/models/${'x'.repeat(5000)} HTTP/1.1`, 'Host: localhost'], 400],
    ['dots in a path', ['GET /v1/models/../../etc/passwd HTTP/1.1', 'Host: localhost'], 404],
    ['dots in a name', ['GET /v1/models/..%2f..%2fetc%2fpasswd HTTP/1.1', 'Host: localhost'], 400],
    [
      'dots in the page',
      ['GET /docs/static/..%2f..%2fpackage.json HTTP/1.1', 'Host: localhost'],
      404,
    ],
    ['a zero byte in a name', ['GET /v1/models/a%00b HTTP/1.1', 'Host: localhost'], 400],
    ['broken escapes', ['GET /v1/models/%ff HTTP/1.1', 'Host: localhost'], 400],
    ['something other than HTTP', ['\x16\x03\x01 hello'], 400],
  ])('is refused: %s', async (_, lines, status) => {
    const response = await raw(`${[...lines, 'Connection: close'].join('\r\n')}\r\n\r\n`);
    expect(response.split('\r\n')[0]).toContain(` ${status} `);
    if (!lines.includes('Connection: close') || status !== 400) {
      expect(bodyOf(response)).toMatchObject({
        code: expect.any(String),
        remedy: expect.any(String),
      });
    }
    await expectHealthy();
  });

  it('may not send compressed bodies', async () => {
    const bomb = gzipSync(Buffer.alloc(2 ** 24));
    for (const path of [
      '/v1/models/part/inspect',
      '/v2/models/part/infer',
      '/v1/models/part/versions',
    ]) {
      const response = await used.server.send('POST', path, bomb, { 'content-encoding': 'gzip' });
      expect(response.status).toBe(415);
      expect(await response.json()).toMatchObject({ code: 'MEDIA_UNSUPPORTED' });
    }
  });

  it('gains nothing by stating huge shapes', async () => {
    for (const shape of [
      [1, 1e9, 1e9, 3],
      [2 ** 31, 2 ** 31, 3],
      [1, 65_536, 65_536, 3],
      [Number.MAX_SAFE_INTEGER],
    ]) {
      const inputs = [{ name: 'image', datatype: 'UINT8', shape, data: [0] }];
      const response = await used.server.send('POST', '/v2/models/part/infer', { inputs });
      expect([400, 413, 422]).toContain(response.status);
    }
    await expectHealthy();
  });

  it('may send less than it stated, or more', async () => {
    const short = open();
    short.end(`${head(inspect, 'Content-Length: 100')}x`);
    await once(short.resume(), 'close');
    // What follows a body is the next request.
    const long = await raw(
      head('GET /v2 HTTP/1.1').replace('Connection: close\r\n', ''),
      'more than a body\r\n\r\n',
    );
    expect(long).toContain(' 400 Bad Request');
    await expectHealthy();
  });

  it('is refused by the length that it states, before it sends anything', async () => {
    const response = await raw(head(inspect, `Content-Length: ${2 ** 40}`));
    expect(response).toContain(' 413 ');
  });

  it('is not waited for when it stalls in a body', async () => {
    const app = Fastify();
    await app.register(errors);
    await app.register(hostile, { stall: 100 });
    app.addContentTypeParser('*', { parseAs: 'buffer' }, (_, body, done) => done(null, body));
    app.post('/', async () => 'whole');
    const url = await app.listen({ port: 0, host: '127.0.0.1' });
    try {
      const socket = open(url);
      socket.write(
        'POST / HTTP/1.1\r\nHost: localhost\r\nContent-Type: a/b\r\nContent-Length: 5\r\n\r\nab',
      );
      expect(await text(socket)).not.toContain('200');
      const response = await fetch(url, { method: 'POST', body: Buffer.from('abcde') });
      expect(await response.text()).toBe('whole');
    } finally {
      await app.close();
    }
  });

  it.each([
    ['nothing', ''],
    ['half of a header', 'GET / HTTP/1.1\r\nHo'],
  ])('is not waited for when it sends %s', async (_, sent) => {
    // As the server, but impatient.
    const http = { ...httpOptions, headersTimeout: 100, connectionsCheckingInterval: 20 };
    const { requestTimeout } = httpOptions;
    const app = Fastify({ http, requestTimeout, clientErrorHandler: answerMalformed });
    const url = await app.listen({ port: 0, host: '127.0.0.1' });
    try {
      const socket = open(url);
      socket.write(sent);
      const response = await text(socket);
      expect(response).toContain(' 408 Request Timeout');
      expect(bodyOf(response)).toMatchObject({ code: 'REQUEST_INVALID' });
    } finally {
      await app.close();
    }
  });

  it('cannot keep others out, or fill the memory, with connections that it does not use', async () => {
    const before = process.memoryUsage.rss();
    const sockets = Array.from({ length: 1000 }, () => open());
    await Promise.all(sockets.map((socket) => once(socket, 'connect')));
    await expectHealthy();
    // Those of this process, which has both ends.
    expect(process.memoryUsage.rss() - before).toBeLessThan(150 * 2 ** 20);
    for (const socket of sockets) socket.destroy();
  });
});
