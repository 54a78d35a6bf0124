import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { imageFromBytes, train } from '@bigrid/node';
import { encodeMask } from '@bigrid/node/internal';
import { afterAll, beforeAll } from 'vitest';
import yauzl from 'yauzl';
import { imageBytes, start, write } from '../../cli/testing/command-line.ts';
import { serverOptionsSchema } from '../src/options.ts';
import { type RunningServer, serve } from '../src/serve.ts';

export { imageBytes };

/** A mask of an image of `imageBytes`, PNG, white in a square. @param size of another image */
export function maskBytes(size = 64): Promise<Uint8Array> {
  const isIn = (at: number) => at >= 20 && at < 40;
  const data = Uint8Array.from({ length: size * size }, (_, at) =>
    isIn(at % size) && isIn(Math.floor(at / size)) ? 255 : 0,
  );
  return encodeMask({ width: size, height: size, data });
}

/** A temporary folder for the tests of a file. @returns gives paths in it, once tests run */
export function useFolder(): (...parts: string[]) => string {
  let path: string;
  beforeAll(async () => {
    path = await mkdtemp(join(tmpdir(), 'bigrid-server-'));
  });
  afterAll(() => rm(path, { recursive: true, force: true }));
  return (...parts) => join(path, ...parts);
}

/** Trains a model in about a second. @param seed other seeds give other models */
export async function tinyModel(seed = 0): Promise<Buffer> {
  const folder = await mkdtemp(join(tmpdir(), 'bigrid-model-'));
  try {
    const images = await Promise.all(
      Array.from({ length: 8 }, async (_, at) =>
        imageFromBytes(await imageBytes(at), { name: `${at}.png` }),
      ),
    );
    const out = join(folder, 'tiny.onnx');
    await train(images, { out, seed, epochs: 1, size: 64, threads: 1, replay: 0 });
    return await readFile(out);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** A server that requests can be sent to. */
export interface Reachable {
  readonly url: string;
  /** Sends a request; a body that is neither bytes nor a form is sent as JSON. */
  send(
    method: string,
    path: string,
    body?: unknown,
    headers?: Record<string, string>,
  ): Promise<Response>;
}

/** A server in this process, on a free port and a data folder of its own. */
export interface TestServer extends RunningServer, Reachable {
  readonly data: string;
}

/** A server in a process of its own. */
export interface KillableServer extends Reachable {
  /** Ends it at once, whatever it does. */
  kill(): Promise<void>;
}

/** Starts a server that can be killed. @param port free, or that of one before, whose pages go on */
export async function startKillable(data: string, port: number): Promise<KillableServer> {
  const child = start(['serve', '--data', data, '--port', String(port), '--processes', '1']);
  await once(child.stdout as NodeJS.ReadableStream, 'data');
  const ended = once(child, 'exit');
  const url = `http://127.0.0.1:${port}`;
  return {
    url,
    send: senderTo(url),
    async kill() {
      child.kill('SIGKILL');
      await ended;
    },
  };
}

function senderTo(url: string): Reachable['send'] {
  return (method, path, body, headers) => {
    const isJson =
      body !== undefined && !(body instanceof Uint8Array) && !(body instanceof FormData);
    return fetch(`${url}${path}`, {
      method,
      ...(body !== undefined && {
        body: isJson ? JSON.stringify(body) : (body as Buffer<ArrayBuffer> | FormData),
      }),
      headers: { ...(isJson && { 'content-type': 'application/json' }), ...headers },
    });
  };
}

/** Starts a server on a data folder. */
export async function startServer(
  data: string,
  options: Readonly<Record<string, unknown>> = {},
): Promise<TestServer> {
  const given = { data, port: 0, processes: 1, logLevel: 'silent', ...options };
  const server = await serve(serverOptionsSchema.parse(given));
  return {
    ...server,
    data,
    send: senderTo(server.url),
  };
}

/** A server for all tests of a file, with the model `part` in it. */
export function useServer(options: Readonly<Record<string, unknown>> = {}) {
  const at = useFolder();
  let server: TestServer;
  let model: Buffer;
  beforeAll(async () => {
    model = await tinyModel();
    server = await startServer(at('data'), options);
    const added = await server.send('POST', '/v1/models/part/versions', model);
    if (added.status !== 201) throw new Error(await added.text());
  });
  afterAll(() => server?.close());
  return {
    at,
    get server() {
      return server;
    },
    get model() {
      return model;
    },
  };
}

/** Sends a request. @returns the JSON of the response, undefined if it has none, with its status */
export async function json(server: Reachable, method: string, path: string, body?: unknown) {
  const response = await server.send(method, path, body);
  const text = await response.text();
  return { status: response.status, body: text === '' ? undefined : JSON.parse(text) };
}

/** Writes the files of a zip archive to a folder. */
export async function unzip(bytes: Buffer, folder: string): Promise<void> {
  const archive = await yauzl.fromBufferPromise(bytes);
  for await (const entry of archive.eachEntry()) {
    const content = await buffer(await archive.openReadStreamPromise(entry));
    await write(join(folder, entry.fileName), content);
  }
}
