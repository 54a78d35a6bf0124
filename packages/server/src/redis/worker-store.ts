import { randomUUID } from 'node:crypto';
import { mkdir, rm } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { fail } from '@bigrid/errors';
import { failToWrite, holdAlone } from '@bigrid/node/internal';
import { FileCache } from '../repositories/file-cache.ts';
import { S3Bucket } from '../repositories/s3-bucket.ts';
import type { DetectorFiles } from '../workers/messages.ts';
import { unpackRequest } from './inspection-messages.ts';
import { idKey } from './store-keys.ts';
import { StoredJob } from './stored-job.ts';
import type { OpenJob, WorkerFiles } from './worker-files.ts';

interface WorkerStoreOptions {
  /** `s3://BUCKET/PREFIX` */
  readonly store: string;
  /** Folder for copies. */
  readonly data: string;
  /** Most gigabytes of copies that are kept. */
  readonly cacheLimit: number;
  /** Is called each time that the bucket cannot be reached any more. */
  readonly onLost: (error: Error) => void;
}

/** The worker's side of a bucket: copies of what its work needs. */
export class WorkerStore implements WorkerFiles {
  readonly folderId: string;
  readonly #bucket: S3Bucket;
  readonly #cache: FileCache;
  readonly #runs: string;
  readonly #release: () => Promise<void>;

  private constructor(
    folderId: string,
    bucket: S3Bucket,
    cache: FileCache,
    runs: string,
    release: () => Promise<void>,
  ) {
    this.folderId = folderId;
    this.#bucket = bucket;
    this.#cache = cache;
    this.#runs = runs;
    this.#release = release;
  }

  /**
   * @throws OPTION_INVALID, S3_MISSING, S3_UNAVAILABLE; PATH_MISSING if no server uses the bucket; IN_USE if another worker
   * has the folder; OUTPUT_UNWRITABLE
   */
  static async open({ store, data, cacheLimit, onLost }: WorkerStoreOptions): Promise<WorkerStore> {
    const bucket = await S3Bucket.open(store, onLost);
    const folderId =
      (await bucket.readText(idKey)) ??
      fail('PATH_MISSING', `Expected the files of a server at ${store} but received none`, {
        remedy: 'Start the server first, with the same --store.',
      });
    // A folder of its own even if somebody names the data folder of a server.
    const folder = join(data, 'cache');
    const runs = join(folder, 'runs');
    await mkdir(runs, { recursive: true }).catch((error: unknown) => failToWrite(folder, error));
    const release = await holdAlone(folder);
    // What a killed worker left is in the bucket as far as anybody needs it.
    await rm(runs, { recursive: true, force: true });
    const cache = await FileCache.open(join(folder, 'copies'), bucket, cacheLimit * 2 ** 30);
    return new WorkerStore(folderId, bucket, cache, runs, release);
  }

  async detector(received: unknown): Promise<DetectorFiles> {
    const { model, mask } = unpackRequest('', received);
    return {
      model: await this.#cache.get(basename(model)),
      mask: mask && (await this.#cache.get(basename(mask))),
    };
  }

  openJob(run: string, received: unknown): Promise<OpenJob> {
    // A run that Redis forgot may come again before its process here has ended.
    const root = join(this.#runs, randomUUID());
    return StoredJob.open({ bucket: this.#bucket, cache: this.#cache, root, run }, received);
  }

  async close(): Promise<void> {
    this.#bucket.close();
    await this.#release();
  }
}
