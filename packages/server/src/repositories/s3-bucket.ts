import { createHash, randomUUID } from 'node:crypto';
import { type FileHandle, mkdir, open, rename, rm, utimes } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { S3Client } from '@aws-sdk/client-s3';
import { BigridError, fail, isBigridError } from '@bigrid/errors';
import { failToWrite, reasonOf } from '@bigrid/node/internal';

type Sdk = typeof import('@aws-sdk/client-s3') &
  Pick<typeof import('@aws-sdk/lib-storage'), 'Upload'>;

/** An object in a bucket. */
export interface StoredObject {
  /** Its name, below the prefix. */
  readonly key: string;
  /** Changes with its content. */
  readonly etag: string;
  /** When it was stored, in ms since 1970. */
  readonly storedAt: number;
}

/** How often a request is tried before the bucket counts as unavailable. */
const MOST_TRIES = 3;
/** Milliseconds without any byte after which a request is given up. */
const SILENCE = 10_000;
/** Bytes of a part of a large object, unless they would be too many. */
const PART = 8 * 2 ** 20;
/** Parts that an object can have. */
const MOST_PARTS = 10_000;

/**
 * The objects below a prefix of an S3 bucket. An object appears whole or not at all; what is downloaded is compared with the
 * SHA-256 of what was uploaded.
 */
export class S3Bucket {
  readonly #sdk: Sdk;
  readonly #client: S3Client;
  readonly #name: string;
  /** Ends with a slash unless it is empty. */
  readonly #prefix: string;
  readonly #onLost: (error: BigridError) => void;
  /** Until it was reached, callers get the errors. */
  #isLost = true;

  private constructor(
    sdk: Sdk,
    name: string,
    prefix: string,
    onLost: (error: BigridError) => void,
  ) {
    this.#sdk = sdk;
    this.#name = name;
    this.#prefix = prefix;
    this.#onLost = onLost;
    this.#client = new sdk.S3Client({
      maxAttempts: MOST_TRIES,
      // Other servers than those of AWS seldom have a name for each bucket.
      forcePathStyle: Boolean(process.env.AWS_ENDPOINT_URL_S3 || process.env.AWS_ENDPOINT_URL),
      // Not all servers know these; every object has a SHA-256 of its own.
      requestChecksumCalculation: 'WHEN_REQUIRED',
      responseChecksumValidation: 'WHEN_REQUIRED',
      requestHandler: { connectionTimeout: SILENCE, socketTimeout: SILENCE },
    });
  }

  /**
   * Region, endpoint and credentials are those of the environment, as for every program that uses the AWS SDK.
   * @param address `s3://BUCKET/PREFIX`
   * @param onLost is called with S3_UNAVAILABLE each time that a bucket that was reached no longer is
   * @throws OPTION_INVALID, S3_MISSING
   */
  static async open(address: string, onLost: (error: BigridError) => void): Promise<S3Bucket> {
    const [, name, prefix = ''] = /^s3:\/\/([\w.-]{3,255})(?:\/(.*?))?\/*$/.exec(address) ?? [];
    // It is not repeated, because it may have a key.
    if (name === undefined || !/^[\w./=+-]*$/.test(prefix)) {
      fail(
        'OPTION_INVALID',
        'Expected s3://BUCKET/PREFIX for `store` but received another address',
      );
    }
    return new S3Bucket(await loadSdk(), name, prefix && `${prefix}/`, onLost);
  }

  /** The objects whose names begin so. @throws S3_UNAVAILABLE */
  async list(start: string): Promise<StoredObject[]> {
    const query = { Bucket: this.#name, Prefix: this.#prefix + start };
    return this.#ask(async () => {
      const objects: StoredObject[] = [];
      for await (const page of this.#sdk.paginateListObjectsV2({ client: this.#client }, query)) {
        for (const { Key = '', ETag = '', LastModified } of page.Contents ?? []) {
          const storedAt = LastModified?.getTime() ?? 0;
          objects.push({ key: Key.slice(this.#prefix.length), etag: ETag, storedAt });
        }
      }
      return objects;
    });
  }

  /** @throws S3_UNAVAILABLE */
  async has(key: string): Promise<boolean> {
    return this.#ask(() =>
      this.#client.send(new this.#sdk.HeadObjectCommand(this.#at(key))).then(
        () => true,
        (error: unknown) => {
          if (isMissing(error)) return false;
          throw error;
        },
      ),
    );
  }

  /** @returns undefined if there is no such object. @throws S3_UNAVAILABLE */
  async readText(key: string): Promise<string | undefined> {
    return this.#ask(async () => {
      try {
        const { Body } = await this.#client.send(new this.#sdk.GetObjectCommand(this.#at(key)));
        return await Body?.transformToString();
      } catch (error) {
        if (isMissing(error)) return undefined;
        throw error;
      }
    });
  }

  /** @throws S3_UNAVAILABLE */
  async writeText(key: string, text: string): Promise<void> {
    await this.#ask(() =>
      this.#client.send(new this.#sdk.PutObjectCommand({ ...this.#at(key), Body: text })),
    );
  }

  /**
   * Stores a file.
   * @param file open for reading; what is appended to it meanwhile is left out
   * @throws S3_UNAVAILABLE
   */
  async upload(key: string, file: FileHandle): Promise<void> {
    const { size } = await file.stat();
    const read = () => file.createReadStream({ start: 0, end: size - 1, autoClose: false });
    const digest = createHash('sha256');
    if (size > 0) for await (const chunk of read()) digest.update(chunk);
    const sha256 = digest.digest('hex');
    await this.#ask(() =>
      new this.#sdk.Upload({
        client: this.#client,
        params: {
          ...this.#at(key),
          Body: size > 0 ? read() : Buffer.alloc(0),
          Metadata: { sha256 },
        },
        partSize: Math.max(PART, Math.ceil(size / MOST_PARTS)),
        queueSize: 2,
      }).done(),
    );
  }

  /**
   * Fetches an object into a file, which appears whole or not at all. It gets the date of the object.
   * @param hash SHA-256 that the content has to have; that of what was uploaded if left out
   * @throws S3_DAMAGED if there is no such object or it has another content; S3_UNAVAILABLE, OUTPUT_UNWRITABLE
   */
  async download(key: string, path: string, hash?: string): Promise<void> {
    const parent = dirname(path);
    await mkdir(parent, { recursive: true }).catch((error: unknown) => failToWrite(path, error));
    const temporary = join(parent, `.${randomUUID()}.tmp`);
    try {
      const storedAt = await this.#ask(() => this.#receive(key, temporary, hash));
      await utimes(temporary, storedAt, storedAt);
      await rename(temporary, path).catch((error: unknown) => failToWrite(path, error));
    } finally {
      await rm(temporary, { force: true });
    }
  }

  /** @throws S3_UNAVAILABLE */
  async remove(key: string): Promise<void> {
    await this.#ask(() => this.#client.send(new this.#sdk.DeleteObjectCommand(this.#at(key))));
  }

  close(): void {
    this.#client.destroy();
  }

  #at(key: string) {
    return { Bucket: this.#name, Key: this.#prefix + key };
  }

  /** @returns when it was stored */
  async #receive(key: string, path: string, hash: string | undefined): Promise<Date> {
    for (let tries = 1; ; tries++) {
      try {
        const {
          Body,
          Metadata,
          LastModified = new Date(0),
        } = await this.#client.send(new this.#sdk.GetObjectCommand(this.#at(key)));
        const received = await writeTo(path, Body as AsyncIterable<Uint8Array>);
        if (received === (hash ?? Metadata?.sha256)) return LastModified;
        throw this.#damaged(key, 'another content');
      } catch (error) {
        if (isMissing(error)) throw this.#damaged(key, 'none');
        // The SDK repeats a request, not the rest of a response whose connection was cut.
        if (isBigridError(error) || tries >= MOST_TRIES) throw error;
      }
    }
  }

  async #ask<Result>(request: () => Promise<Result>): Promise<Result> {
    try {
      const result = await request();
      this.#isLost = false;
      return result;
    } catch (error) {
      if (isBigridError(error)) throw error;
      const unavailable = this.#unavailable(error);
      if (!this.#isLost) this.#onLost(unavailable);
      this.#isLost = true;
      throw unavailable;
    }
  }

  /** Without the error as its cause, which may have parts of the request. */
  #unavailable(error: unknown): BigridError {
    const { name = '', code = '' } = Object(error) as NodeJS.ErrnoException;
    const reason = reasonOf(error) || code;
    const said = name === 'Error' || reason.includes(name) ? reason : `${name}: ${reason}`;
    return new BigridError(
      'S3_UNAVAILABLE',
      `Expected the bucket ${this.#name} to answer but received: ${said}`,
    );
  }

  #damaged(key: string, received: string): BigridError {
    return new BigridError(
      'S3_DAMAGED',
      `Expected the object ${this.#prefix}${key} in the bucket ${this.#name} but received ${received}`,
    );
  }
}

/** The SDK is loaded only for a store: it is optional. @throws S3_MISSING */
async function loadSdk(): Promise<Sdk> {
  try {
    const [client, { Upload }] = await Promise.all([
      import('@aws-sdk/client-s3'),
      import('@aws-sdk/lib-storage'),
    ]);
    return { ...client, Upload };
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== 'ERR_MODULE_NOT_FOUND') throw cause;
    return fail(
      'S3_MISSING',
      'Expected the packages @aws-sdk/client-s3 and @aws-sdk/lib-storage for `store`, but they are not installed',
      { cause },
    );
  }
}

/** Writes a stream to a new file. @returns the SHA-256 of its content. @throws OUTPUT_UNWRITABLE */
async function writeTo(path: string, content: AsyncIterable<Uint8Array>): Promise<string> {
  const digest = createHash('sha256');
  const failed = (error: unknown) => failToWrite(path, error);
  const file = await open(path, 'w').catch(failed);
  try {
    for await (const chunk of content) {
      digest.update(chunk);
      await file.appendFile(chunk).catch(failed);
    }
    await file.sync().catch(failed);
  } finally {
    await file.close();
  }
  return digest.digest('hex');
}

function isMissing(error: unknown): boolean {
  return ['NoSuchKey', 'NotFound'].includes((Object(error) as Error).name);
}
