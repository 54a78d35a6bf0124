import type { Random } from '@bigrid/method';
import { imageBytes, type TestServer } from '../packages/server/testing/server.ts';
import { mutate, pick } from './mutate.ts';

// Sends requests to a server, made from its own description: every route, with valid and strange values for its parameters,
// and bodies that are images, model files and tensors with parts changed.

// biome-ignore lint/suspicious/noExplicitAny: the description of an API has any shape
type Schema = Record<string, any>;

interface Route {
  readonly method: string;
  readonly path: string;
  readonly parameters: readonly Schema[];
  readonly body: Schema | undefined;
}

/** What a request was, and what is wrong with its response. */
export interface Fault {
  readonly request: string;
  readonly problem: string;
}

/** A response may take this long: the machine may be busy, and a heat map of a large image is drawn. */
const SECONDS = 60;

const strange = [
  ['', ' ', '.', '..', '../../etc/passwd', '%2e%2e%2f', '0', '-1', '1.5', '1e999', 'NaN', 'null'],
  ['__proto__', 'constructor', 'x'.repeat(300), '☃', '\u202e', '"', '<b>', '%00', 'a/b', '*', '?'],
  ['99999999999999999999', 'true', '[]', '{}', 'part', 'parts', '1', '2', 'quantile:0.9', 'f1'],
].flat();

const types = [
  'application/json',
  'application/octet-stream',
  'image/png',
  'multipart/form-data; boundary=x',
  'multipart/form-data',
  'text/plain',
  'application/x-www-form-urlencoded',
  'x/☃',
  '',
];

/** A server with a model `part` and a project `parts`, and what to send to it. */
export class ServerFuzzer {
  readonly #server: TestServer;
  readonly #random: Random;
  readonly #routes: readonly Route[];
  readonly #bodies: readonly Uint8Array[];
  readonly #schemas: Schema;
  /** Responses by status. */
  readonly statuses = new Map<number, number>();

  private constructor(
    server: TestServer,
    random: Random,
    description: Schema,
    bodies: readonly Uint8Array[],
  ) {
    this.#server = server;
    this.#random = random;
    this.#bodies = bodies;
    this.#schemas = description.components?.schemas ?? {};
    this.#routes = Object.entries(description.paths as Schema).flatMap(([path, methods]) =>
      Object.entries(methods as Schema).map(([method, { parameters = [], requestBody }]) => ({
        method: method.toUpperCase(),
        path,
        parameters,
        body: requestBody?.content?.['application/json']?.schema,
      })),
    );
  }

  /** @param model a model file; it is uploaded as `part` */
  static async open(server: TestServer, model: Uint8Array, random: Random): Promise<ServerFuzzer> {
    const image = await imageBytes(1);
    await server.send('POST', '/v1/models/part/versions', model);
    await server.send('POST', '/v1/projects', { name: 'parts' });
    await server.send('POST', '/v1/projects/parts/images', image);
    const description = (await (await server.send('GET', '/openapi.json')).json()) as Schema;
    const form = `--x\r\nContent-Disposition: form-data; name="a"; filename="a.png"\r\n\r\n${image.toString('latin1')}\r\n--x--\r\n`;
    const tensor = {
      name: 'image',
      datatype: 'UINT8',
      shape: [1, 2, 2, 3],
      data: Array(12).fill(9),
    };
    const bodies = [
      image,
      await imageBytes(2, true),
      model,
      Buffer.from(form, 'latin1'),
      Buffer.from(JSON.stringify({ inputs: [tensor], outputs: [{ name: 'score' }] })),
    ];
    return new ServerFuzzer(server, random, description, bodies);
  }

  get routes(): number {
    return this.#routes.length;
  }

  /** Sends one request to the route with this number. @returns what is wrong, if anything is */
  async send(at: number): Promise<Fault | undefined> {
    const route = this.#routes[at % this.#routes.length] as Route;
    const url = this.#url(route);
    const headers = this.#headers();
    const body = route.method === 'GET' ? undefined : this.#body(route);
    const request = `${route.method} ${url} ${JSON.stringify(headers)}, ${body?.length ?? 0} bytes`;
    // A deleted model or project would leave nothing to ask for.
    if (route.method === 'DELETE' && /\/(part|parts)$/.test(url)) return undefined;
    try {
      const response = await fetch(`${this.#server.url}${url}`, {
        method: route.method,
        headers,
        ...(body && { body: new Uint8Array(body) }),
        signal: AbortSignal.timeout(1000 * SECONDS),
      });
      const { status } = response;
      this.statuses.set(status, (this.statuses.get(status) ?? 0) + 1);
      const text = url.endsWith('/events') ? '' : await response.text();
      if (url.endsWith('/events')) await response.body?.cancel();
      const isRight = status < 500 || status === 501 || status === 503;
      return isRight ? undefined : { request, problem: `status ${status}: ${text}` };
    } catch (error) {
      // Names and values that fetch itself does not send.
      if (error instanceof TypeError && error.cause === undefined) return undefined;
      const cause = error instanceof Error ? (error.cause ?? error) : error;
      return { request, problem: String(cause) };
    }
  }

  #url({ path, parameters }: Route): string {
    const filled = path.replaceAll(/{(\w+)}/g, (_, name: string) => {
      const usual = { name: 'part', project: 'parts', version: '1', image: '1' }[name] ?? '1';
      return encodeURIComponent(this.#often(usual, () => this.#strange()));
    });
    const query = parameters.filter((one) => one.in === 'query' && this.#chance(0.3));
    const words = query.map(({ name, schema }) => {
      const value = this.#often(String(this.#value(schema)), () => this.#strange());
      return `${encodeURIComponent(name)}=${encodeURIComponent(value.toWellFormed())}`;
    });
    return words.length > 0 ? `${filled}?${words.join('&')}` : filled;
  }

  #headers(): Record<string, string> {
    const all: [string, string][] = [];
    if (this.#chance(0.8)) all.push(['content-type', pick(types, this.#random)]);
    if (this.#chance(0.2))
      all.push(['accept', pick(['image/png', 'application/x-npy', '☃', ''], this.#random)]);
    if (this.#chance(0.2)) all.push(['inference-header-content-length', this.#strange()]);
    if (this.#chance(0.1)) all.push(['last-event-id', this.#strange()]);
    if (this.#chance(0.1)) all.push(['content-encoding', pick(['gzip', 'br', 'x'], this.#random)]);
    return Object.fromEntries(all.filter(([, value]) => /^[\x20-\x7e]*$/.test(value)));
  }

  #body({ body }: Route): Uint8Array {
    if (body && this.#chance(0.7)) {
      const text = Buffer.from(JSON.stringify(this.#value(body)) ?? '');
      return this.#chance(0.7) ? text : mutate(text, text, this.#random);
    }
    const [one, other] = [pick(this.#bodies, this.#random), pick(this.#bodies, this.#random)];
    return this.#chance(0.3) ? one : mutate(one, other, this.#random);
  }

  /** A value that a schema allows, or nearly so. */
  #value(schema: Schema, depth = 0): unknown {
    if (depth > 6 || this.#chance(0.05)) return this.#strange();
    if (schema.$ref)
      return this.#value(this.#schemas[schema.$ref.split('/').at(-1)] ?? {}, depth + 1);
    const choices = schema.anyOf ?? schema.oneOf;
    if (choices) return this.#value(pick(choices as Schema[], this.#random), depth + 1);
    if (schema.const !== undefined) return schema.const;
    if (schema.enum) return pick(schema.enum as unknown[], this.#random);
    switch (schema.type) {
      case 'object': {
        const all = Object.entries((schema.properties ?? {}) as Schema);
        const required = new Set(schema.required ?? []);
        const kept = all.filter(([name]) => this.#chance(required.has(name) ? 0.95 : 0.5));
        return Object.fromEntries(kept.map(([name, of]) => [name, this.#value(of, depth + 1)]));
      }
      case 'array':
        return Array.from({ length: this.#random.integer(0, 3) }, () =>
          this.#value(schema.items ?? {}, depth + 1),
        );
      case 'integer':
      case 'number':
        return pick(
          [0, 1, 2, -1, 0.5, 1e9, schema.minimum ?? 1, schema.maximum ?? 1],
          this.#random,
        );
      case 'boolean':
        return this.#chance(0.5);
      default:
        return this.#strange();
    }
  }

  #strange(): string {
    return pick(strange, this.#random);
  }

  #often<Value>(usual: Value, unusual: () => Value): Value {
    return this.#chance(0.7) ? usual : unusual();
  }

  #chance(share: number): boolean {
    return this.#random.uniform() < share;
  }
}
