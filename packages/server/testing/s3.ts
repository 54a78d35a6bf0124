import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { setTimeout } from 'node:timers/promises';
import {
  CreateBucketCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import { freePort } from './free-port.ts';

const python = process.env.BIGRID_CLIENTS;

export const hasS3 = python !== undefined && hasMoto(python);
export const whyNoS3 = hasS3
  ? ''
  : ' (skipped: BIGRID_CLIENTS names no Python with tools/requirements-clients.txt)';

function hasMoto(path: string): boolean {
  try {
    execFileSync(path, ['-c', 'import moto.server'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

const BUCKET = 'parts';
/** Credentials, which nothing may show. */
export const SECRET = 'secret-access-key';

/** A server of the S3 protocol with the bucket `parts`, reached through a proxy that can cut connections. */
export class TestS3 {
  readonly #child: ChildProcess;
  readonly #proxy: Server;
  readonly #port: number;
  /** Without the proxy. */
  readonly #direct: S3Client;
  readonly #sockets = new Set<Socket>();
  /** The environment of programs that use it. */
  readonly env: Readonly<Record<string, string>>;
  #isAway = false;
  #cutAfter = Number.POSITIVE_INFINITY;

  private constructor(child: ChildProcess, port: number, proxy: Server, proxyPort: number) {
    this.#child = child;
    this.#direct = new S3Client({
      endpoint: `http://127.0.0.1:${port}`,
      region: 'us-east-1',
      credentials: { accessKeyId: 'access-key-id', secretAccessKey: SECRET },
      forcePathStyle: true,
      maxAttempts: 1,
    });
    this.#port = port;
    this.#proxy = proxy.on('connection', (socket) => this.#forward(socket));
    this.env = {
      AWS_ENDPOINT_URL: `http://127.0.0.1:${proxyPort}`,
      AWS_REGION: 'us-east-1',
      AWS_ACCESS_KEY_ID: 'access-key-id',
      AWS_SECRET_ACCESS_KEY: SECRET,
    };
  }

  /** Starts it, and makes this process use it. */
  static async start(): Promise<TestS3> {
    const port = await freePort();
    const words = ['-m', 'moto.server', '-H', '127.0.0.1', '-p', String(port)];
    const child = spawn(python as string, words, { stdio: 'ignore' });
    const proxy = createServer();
    const proxyPort = await freePort();
    proxy.listen(proxyPort, '127.0.0.1');
    await once(proxy, 'listening');
    const s3 = new TestS3(child, port, proxy, proxyPort);
    await s3.#createBucket();
    Object.assign(process.env, s3.env);
    return s3;
  }

  /** Keys of all objects. */
  async keys(): Promise<string[]> {
    return [...(await this.versions()).keys()];
  }

  /** What changes with the content of each object, by its key. */
  async versions(): Promise<Map<string, string>> {
    const { Contents = [] } = await this.#direct.send(new ListObjectsV2Command({ Bucket: BUCKET }));
    return new Map(Contents.map(({ Key = '', ETag = '' }) => [Key, ETag]));
  }

  /** Stores an object as another program would. */
  async put(key: string, content: string): Promise<void> {
    await this.#direct.send(new PutObjectCommand({ Bucket: BUCKET, Key: key, Body: content }));
  }

  /** Cuts all connections, and refuses further ones until it is back. */
  leave(): void {
    this.#isAway = true;
    for (const socket of this.#sockets) socket.destroy();
  }

  comeBack(): void {
    this.#isAway = false;
  }

  /** Cuts the next connection once it has carried so many bytes of responses. */
  cutNext(bytes: number): void {
    this.#cutAfter = bytes;
    for (const socket of this.#sockets) socket.destroy();
  }

  async stop(): Promise<void> {
    this.leave();
    this.#proxy.close();
    this.#child.kill('SIGKILL');
    await once(this.#child, 'exit');
    for (const name of Object.keys(this.env)) delete process.env[name];
  }

  /** Waits until the server answers. */
  async #createBucket(): Promise<void> {
    while (this.#child.exitCode === null) {
      try {
        await this.#direct.send(new CreateBucketCommand({ Bucket: BUCKET }));
        return;
      } catch {
        await setTimeout(50);
      }
    }
    throw new Error('moto did not start');
  }

  #forward(client: Socket): void {
    const upstream = connect(this.#port, '127.0.0.1');
    for (const socket of [client, upstream]) {
      this.#sockets.add(socket);
      socket.on('error', () => {}).on('close', () => this.#sockets.delete(socket));
    }
    client.on('close', () => upstream.destroy());
    // What it has received is sent first.
    upstream.on('close', () => client.destroySoon());
    if (this.#isAway) client.destroy();
    const most = this.#cutAfter;
    this.#cutAfter = Number.POSITIVE_INFINITY;
    let carried = 0;
    client.pipe(upstream);
    upstream.on('data', (chunk) => {
      client.write(chunk.subarray(0, most - carried));
      carried += chunk.length;
      if (carried >= most) client.destroySoon();
    });
  }
}
