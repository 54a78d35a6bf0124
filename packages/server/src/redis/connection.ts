import { BigridError, fail } from '@bigrid/errors';
import { Redis } from 'ioredis';

/** A connection to Redis that restores itself. */
export class RedisConnection {
  /** Its commands wait while Redis is away. */
  readonly client: Redis;
  readonly #address: string;
  readonly #onError: (error: Error) => void;
  #lastError: unknown;

  private constructor(url: string, onError: (error: Error) => void) {
    this.#onError = onError;
    const { hostname, port } = new URL(url);
    // Without the password.
    this.#address = port === '' ? hostname : `${hostname}:${port}`;
    this.client = new Redis(url, { lazyConnect: true, maxRetriesPerRequest: null });
    this.client.on('error', (error: unknown) => {
      this.#lastError = error;
    });
  }

  /**
   * @param url `redis://` or `rediss://`
   * @param onError is called with QUEUE_UNAVAILABLE each time that the connection is lost, and with errors of its parts
   * @throws OPTION_INVALID if it is another address; QUEUE_UNAVAILABLE
   */
  static async open(url: string, onError: (error: Error) => void): Promise<RedisConnection> {
    // It is not repeated, because it may have a password.
    if (!/^rediss?:$/.test(URL.parse(url)?.protocol ?? '')) {
      fail('OPTION_INVALID', 'Expected redis://HOST:PORT for `queue` but received another address');
    }
    const connection = new RedisConnection(url, onError);
    const { client } = connection;
    try {
      await client.connect();
    } catch {
      client.disconnect();
      throw connection.unavailable();
    }
    let isLost = false;
    client.on('ready', () => {
      isLost = false;
    });
    client.on('reconnecting', () => {
      if (!isLost) onError(connection.unavailable());
      isLost = true;
    });
    return connection;
  }

  get isReachable(): boolean {
    return this.client.status === 'ready';
  }

  /** @throws QUEUE_UNAVAILABLE */
  assertReachable(): void {
    if (!this.isReachable) throw this.unavailable();
  }

  /** What parts that use the connection call with their errors. */
  readonly report = (error: Error): void => {
    // That it is lost is told once.
    const isLost = 'syscall' in error || error.message.startsWith('Connection is closed');
    // The message alone: an error may have its command with it, and that the password.
    if (!isLost) this.#onError(new Error(error.message));
  };

  close(): void {
    this.client.disconnect();
  }

  /** The error for what needs it while it is lost. */
  unavailable(): BigridError {
    const error = this.#lastError;
    const reason = error instanceof Error ? error.message : 'the connection was closed';
    return new BigridError(
      'QUEUE_UNAVAILABLE',
      `Expected Redis at ${this.#address} but received: ${reason}`,
    );
  }
}
