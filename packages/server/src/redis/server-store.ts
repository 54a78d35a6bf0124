import { open, readdir, readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { type BigridError, fail } from '@bigrid/errors';
import { readBundle } from '@bigrid/node';
import { imageListSchema, jobFiles, replayName } from '../job-files.ts';
import { filePlace } from '../repositories/files.ts';
import { S3Bucket } from '../repositories/s3-bucket.ts';
import type { JobTask } from '../workers/job-messages.ts';
import type { DetectorFiles } from '../workers/messages.ts';
import { placeOf, placeSchema } from './paths.ts';
import { idKey, keysOf, withEach } from './store-keys.ts';

/** The server's side of a bucket: what workers need goes there, and what they make comes from there. */
export class ServerStore {
  readonly #bucket: S3Bucket;
  readonly #data: string;
  /** When this process last needed a file, in ms since 1970, by its hash. */
  readonly #offeredAt = new Map<string, number>();

  private constructor(bucket: S3Bucket, data: string) {
    this.#bucket = bucket;
    this.#data = data;
  }

  /**
   * @param address `s3://BUCKET/PREFIX`
   * @param folderId of the data folder
   * @param onLost is called each time that the bucket cannot be reached any more
   * @throws OPTION_INVALID also if the prefix is that of another server; S3_MISSING, S3_UNAVAILABLE
   */
  static async open(
    address: string,
    data: string,
    folderId: string,
    onLost: (error: BigridError) => void,
  ): Promise<ServerStore> {
    const bucket = await S3Bucket.open(address, onLost);
    const owner = await bucket.readText(idKey);
    if (owner === undefined) await bucket.writeText(idKey, folderId);
    else if (owner !== folderId) {
      fail(
        'OPTION_INVALID',
        'Expected a prefix for `store` that no other server uses but received one with the files of another data folder',
        { remedy: 'Give each server a prefix of its own: s3://BUCKET/PREFIX.' },
      );
    }
    return new ServerStore(bucket, data);
  }

  /** Makes a model available to workers. @throws S3_UNAVAILABLE */
  async offerModel({ model, mask }: DetectorFiles): Promise<void> {
    for (const path of [model, mask]) if (path !== undefined) await this.#offerFile(path);
  }

  /** The files of one run of a job. */
  filesOf(run: string, task: JobTask): RunFiles {
    const offerFile = (path: string, hash: string) => this.#offerFile(path, hash);
    return new RunFiles({ bucket: this.#bucket, data: this.#data, run, task, offerFile });
  }

  /**
   * Removes what is not needed any more.
   * @param files hashes of those that stay
   * @param jobs ids of those that are not done
   * @param before ms since 1970: what was stored later stays
   */
  async removeAllBut(
    files: ReadonlySet<string>,
    jobs: ReadonlySet<number>,
    before: number,
  ): Promise<void> {
    const unneeded = (await this.#bucket.list('files/')).filter(({ key, storedAt }) => {
      const hash = basename(key);
      const neededAt = Math.max(storedAt, this.#offeredAt.get(hash) ?? 0);
      return !files.has(hash) && neededAt <= before;
    });
    const done = (await this.#bucket.list('jobs/')).filter(
      ({ key, storedAt }) => !jobs.has(Number(key.split('/')[1])) && storedAt <= before,
    );
    await withEach([...unneeded, ...done], ({ key }) => this.#bucket.remove(key));
    for (const [hash, at] of this.#offeredAt) if (at <= before) this.#offeredAt.delete(hash);
  }

  close(): void {
    this.#bucket.close();
  }

  async #offerFile(path: string, hash = basename(path)): Promise<void> {
    this.#offeredAt.set(hash, Date.now());
    const key = filePlace(hash);
    if (!(await this.#bucket.has(key))) await uploadFrom(this.#bucket, key, path);
  }
}

interface RunFilesParts {
  readonly bucket: S3Bucket;
  readonly data: string;
  readonly run: string;
  readonly task: JobTask;
  readonly offerFile: (path: string, hash: string) => Promise<void>;
}

/** What one run of a job works on, and what it has made so far. */
export class RunFiles {
  readonly #parts: RunFilesParts;
  readonly #keys: ReturnType<typeof keysOf>;
  /** Versions of what was collected, by the key. */
  readonly #collected = new Map<string, string>();
  #offered: Promise<void> | undefined;
  #last = Promise.resolve();

  constructor(parts: RunFilesParts) {
    this.#parts = parts;
    this.#keys = keysOf(placeOf(parts.data, parts.task.folder));
  }

  /** Makes what it works on available to workers. @throws S3_UNAVAILABLE, BUNDLE_INVALID */
  offer(): Promise<void> {
    this.#offered ??= this.#offer().finally(() => {
      this.#offered = undefined;
    });
    return this.#offered;
  }

  /** Takes what the run has made since the last time; once it is complete, its objects are removed. @throws S3_UNAVAILABLE, OUTPUT_UNWRITABLE */
  collect(): Promise<void> {
    const collected = this.#last.then(() => this.#collect());
    this.#last = collected.catch(() => {});
    return collected;
  }

  async #offer(): Promise<void> {
    const { bucket, data, task, offerFile } = this.#parts;
    const { folder, model } = task;
    const list = await readFile(join(folder, jobFiles.list), 'utf8');
    const { files } = imageListSchema.parse(JSON.parse(list));
    await withEach(Object.entries(files), ([place, hash]) =>
      offerFile(join(folder, jobFiles.images, place), hash),
    );
    if (model !== undefined) await offerFile(model, basename(model));
    const inputs = await this.#inputs();
    const keys = new Set(inputs.map((path) => this.#keys.inputs + placeOf(data, path)));
    // Those of an earlier run may have been for other images.
    const old = (await bucket.list(this.#keys.inputs)).filter(({ key }) => !keys.has(key));
    await withEach(old, ({ key }) => bucket.remove(key));
    await withEach(inputs, (path) =>
      uploadFrom(bucket, this.#keys.inputs + placeOf(data, path), path),
    );
  }

  async #collect(): Promise<void> {
    const { bucket, data, run } = this.#parts;
    const result = this.#keys.outputs(run) + this.#keys.result;
    if (!(await this.#take()).has(result)) return;
    // Until the result was stored, more may have come.
    await this.#take();
    await bucket.download(result, join(data, this.#keys.result));
    await withEach(await bucket.list(this.#keys.all), ({ key }) => bucket.remove(key));
  }

  /** Takes everything but the result. @returns the keys of all that there is */
  async #take(): Promise<Set<string>> {
    const { bucket, data, run } = this.#parts;
    const start = this.#keys.outputs(run);
    const objects = await bucket.list(start);
    await withEach(objects, async ({ key, etag }) => {
      const place = key.slice(start.length);
      if (place === this.#keys.result || this.#collected.get(key) === etag) return;
      if (!this.#isOwn(place)) return;
      await bucket.download(key, join(data, place));
      this.#collected.set(key, etag);
    });
    return new Set(objects.map(({ key }) => key));
  }

  /** Whoever can write to the bucket must not change anything else in the data folder. */
  #isOwn(place: string): boolean {
    const { data, task } = this.#parts;
    const folders = [task.folder, task.replays].map((path) => `${placeOf(data, path)}/`);
    return placeSchema.safeParse(place).success && folders.some((one) => place.startsWith(one));
  }

  /** Paths of the files other than images and models. */
  async #inputs(): Promise<string[]> {
    const { folder, kind, model, replays } = this.#parts.task;
    const names = [jobFiles.list, jobFiles.mask, jobFiles.scores];
    const there = await readdir(folder);
    const inputs = names.filter((name) => there.includes(name)).map((name) => join(folder, name));
    if (kind !== 'update') return inputs;
    const { manifest } = await readBundle(model as string);
    const replay = join(replays, replayName(manifest));
    const entries = await readdir(replay, { recursive: true, withFileTypes: true }).catch(() => []);
    const kept = entries.filter((entry) => entry.isFile());
    return [...inputs, ...kept.map(({ parentPath, name }) => join(parentPath, name))];
  }
}

async function uploadFrom(bucket: S3Bucket, key: string, path: string): Promise<void> {
  const file = await open(path);
  try {
    await bucket.upload(key, file);
  } finally {
    await file.close();
  }
}
