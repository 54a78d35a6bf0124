import {
  copyFile,
  type FileHandle,
  link,
  mkdir,
  open,
  readdir,
  readFile,
  rm,
} from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { fail, isBigridError } from '@bigrid/errors';
import { checkpointFiles, checkpointPath, failToWrite } from '@bigrid/node/internal';
import { imageListSchema, jobFiles } from '../job-files.ts';
import type { FileCache } from '../repositories/file-cache.ts';
import type { S3Bucket } from '../repositories/s3-bucket.ts';
import type { JobTask } from '../workers/job-messages.ts';
import { unpackTask } from './job-messages.ts';
import { placeOf, placeSchema } from './paths.ts';
import { keysOf, withEach } from './store-keys.ts';
import type { OpenJob } from './worker-files.ts';

interface StoredJobParts {
  readonly bucket: S3Bucket;
  readonly cache: FileCache;
  /** Folder for the run, which does not exist yet: a data folder with nothing but its files. */
  readonly root: string;
  readonly run: string;
}

/** The files of one run of a job, copied from a bucket. What the job writes is copied back. */
export class StoredJob implements OpenJob {
  readonly task: JobTask;
  readonly #parts: StoredJobParts;
  readonly #keys: ReturnType<typeof keysOf>;
  /** What the bucket has of this machine: versions of files, by their paths. */
  readonly #stored = new Map<string, string>();
  #last = Promise.resolve();

  private constructor(parts: StoredJobParts, task: JobTask) {
    this.#parts = parts;
    this.task = task;
    this.#keys = keysOf(placeOf(parts.root, task.folder));
  }

  /** Copies what a job needs. @throws S3_UNAVAILABLE, S3_DAMAGED, OUTPUT_UNWRITABLE */
  static async open(parts: StoredJobParts, received: unknown): Promise<StoredJob> {
    const job = new StoredJob(parts, unpackTask(parts.root, received));
    try {
      await job.#fetchInputs();
      await job.#fetchCheckpoint();
      return job;
    } catch (error) {
      await job.close();
      throw isBigridError(error) ? error : failToWrite(parts.root, error);
    }
  }

  /** Copies what has changed into the bucket. */
  save(): Promise<void> {
    const saved = this.#last.then(() => this.#save());
    this.#last = saved.catch(() => {});
    return saved;
  }

  async close(): Promise<void> {
    await rm(this.#parts.root, { recursive: true, force: true });
  }

  async #fetchInputs(): Promise<void> {
    const { folder, model } = this.task;
    await this.#fetchAll(this.#keys.inputs);
    const list = await readFile(join(folder, jobFiles.list), 'utf8').catch(() => '');
    const { success, data } = imageListSchema.safeParse(list && JSON.parse(list));
    if (!success) {
      const what = `${this.#keys.inputs} of the server in the bucket`;
      fail('S3_DAMAGED', `Expected the images of a job in ${what} but received none`, {
        remedy: 'Start the server with the same --store as its workers, then queue the job again.',
      });
    }
    await withEach(Object.entries(data.files), ([place, hash]) =>
      this.#place(hash, join(folder, jobFiles.images, place)),
    );
    if (model !== undefined) await this.#place(basename(model), model);
  }

  /** A training whose checkpoint is incomplete begins from the start. */
  async #fetchCheckpoint(): Promise<void> {
    try {
      await this.#fetchAll(this.#keys.checkpoint);
    } catch (error) {
      if (!isBigridError(error, 'S3_DAMAGED')) throw error;
      await rm(await this.#checkpointFolder(), { recursive: true, force: true });
    }
  }

  async #fetchAll(start: string): Promise<void> {
    const { bucket, root } = this.#parts;
    await withEach(await bucket.list(start), async ({ key }) => {
      const place = key.slice(start.length);
      if (!placeSchema.safeParse(place).success) return;
      const path = join(root, place);
      await bucket.download(key, path);
      await withFile(path, async (file) => this.#stored.set(path, await versionOf(file)));
    });
  }

  /** A hard link to a copy, which may be removed from the cache meanwhile. */
  async #place(hash: string, path: string): Promise<void> {
    const copy = await this.#parts.cache.get(hash);
    await mkdir(dirname(path), { recursive: true });
    await link(copy, path).catch(() => copyFile(copy, path));
  }

  async #save(): Promise<void> {
    const { run, root } = this.#parts;
    const result = join(this.task.folder, jobFiles.result);
    const isDone = await withFile(result, async () => true);
    await this.#saveCheckpoint();
    const start = this.#keys.outputs(run);
    const save = (path: string) =>
      withFile(path, (file) => this.#upload(start + placeOf(root, path), path, file));
    await withEach(await this.#made(), save);
    // With it, they are complete.
    if (isDone) await save(result);
  }

  /** Copies the checkpoint so that what is in the bucket is none unless it is complete. */
  async #saveCheckpoint(): Promise<void> {
    const { bucket, root } = this.#parts;
    const folder = await this.#checkpointFolder();
    const at = (name: keyof typeof checkpointFiles) => join(folder, checkpointFiles[name]);
    const key = (path: string) => this.#keys.checkpoint + placeOf(root, path);
    // Opened in this order, they belong together even if the training goes on meanwhile.
    await withFile(at('identity'), (identity) =>
      withFile(at('state'), (state) =>
        withFile(at('features'), async (features) => {
          if ((await versionOf(state)) === this.#stored.get(at('state'))) return;
          const isSame = (await versionOf(identity)) === this.#stored.get(at('identity'));
          if (!isSame) await bucket.remove(key(at('state')));
          await this.#upload(key(at('identity')), at('identity'), identity);
          await this.#upload(key(at('features')), at('features'), features);
          await this.#upload(key(at('state')), at('state'), state);
        }),
      ),
    );
  }

  async #upload(key: string, path: string, file: FileHandle): Promise<void> {
    const version = await versionOf(file);
    if (version === this.#stored.get(path)) return;
    await this.#parts.bucket.upload(key, file);
    this.#stored.set(path, version);
  }

  /** Paths of what the job has made so far, the result aside. */
  async #made(): Promise<string[]> {
    const { folder, replays } = this.task;
    const single = [jobFiles.scores, jobFiles.model].map((name) => join(folder, name));
    return [
      ...single,
      ...(await filesIn(join(folder, jobFiles.kept))),
      ...(await filesIn(replays)),
    ];
  }

  #checkpointFolder(): Promise<string> {
    return checkpointPath(join(this.task.folder, jobFiles.model));
  }
}

/** Paths of the files below a folder. Hidden ones are not complete. */
async function filesIn(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => []);
  return entries
    .filter((entry) => entry.isFile() && !entry.name.startsWith('.'))
    .map(({ parentPath, name }) => join(parentPath, name));
}

/** Uses a file as it is when it is opened. @returns undefined if there is none */
async function withFile<Result>(
  path: string,
  use: (file: FileHandle) => Promise<Result>,
): Promise<Result | undefined> {
  const file = await open(path).catch(() => undefined);
  if (!file) return undefined;
  try {
    return await use(file);
  } finally {
    await file.close();
  }
}

async function versionOf(file: FileHandle): Promise<string> {
  const { ino, size, mtimeMs } = await file.stat();
  return `${ino} ${size} ${mtimeMs}`;
}
