import { mkdir, readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { failToWrite } from '@bigrid/node/internal';
import { filePlace } from './files.ts';
import type { S3Bucket } from './s3-bucket.ts';

interface Copy {
  readonly bytes: number;
  /** When it was last asked for, in ms of this process; those of earlier processes come first. */
  usedAt: number;
}

/** Milliseconds for which a file stays after it was asked for: a process may be about to open it. */
const KEPT_FOR = 600_000;

/** Copies of the files of a bucket by their SHA-256. Those that were not used for longest make room for others. */
export class FileCache {
  readonly #folder: string;
  readonly #bucket: S3Bucket;
  readonly #mostBytes: number;
  /** The least recently used first. */
  readonly #copies = new Map<string, Copy>();
  readonly #fetching = new Map<string, Promise<string>>();
  #bytes = 0;

  private constructor(folder: string, bucket: S3Bucket, mostBytes: number) {
    this.#folder = folder;
    this.#bucket = bucket;
    this.#mostBytes = mostBytes;
  }

  /** @param folder that nothing else uses. @throws OUTPUT_UNWRITABLE */
  static async open(folder: string, bucket: S3Bucket, mostBytes: number): Promise<FileCache> {
    const cache = new FileCache(folder, bucket, mostBytes);
    try {
      await mkdir(folder, { recursive: true });
      await cache.#takeUp();
    } catch (error) {
      return failToWrite(folder, error);
    }
    return cache;
  }

  /**
   * The path of a file, which is fetched unless it is there. It must not be changed, and stays for some minutes at least.
   * @throws S3_UNAVAILABLE, S3_DAMAGED, OUTPUT_UNWRITABLE
   */
  async get(hash: string): Promise<string> {
    const copy = this.#copies.get(hash);
    if (copy) {
      copy.usedAt = performance.now();
      this.#copies.delete(hash);
      this.#copies.set(hash, copy);
      return this.#pathOf(hash);
    }
    const fetching = this.#fetching.get(hash) ?? this.#fetch(hash);
    this.#fetching.set(hash, fetching);
    return fetching.finally(() => this.#fetching.delete(hash));
  }

  async #fetch(hash: string): Promise<string> {
    const path = this.#pathOf(hash);
    await this.#bucket.download(filePlace(hash), path, hash);
    this.#add(hash, (await stat(path)).size, performance.now());
    await this.#makeRoom();
    return path;
  }

  #add(hash: string, bytes: number, usedAt: number): void {
    this.#copies.set(hash, { bytes, usedAt });
    this.#bytes += bytes;
  }

  async #makeRoom(): Promise<void> {
    for (const [hash, { bytes, usedAt }] of this.#copies) {
      if (this.#bytes <= this.#mostBytes || performance.now() - usedAt < KEPT_FOR) return;
      this.#copies.delete(hash);
      this.#bytes -= bytes;
      await rm(this.#pathOf(hash), { force: true });
    }
  }

  /** Finds the copies of earlier processes, and removes what they did not complete. */
  async #takeUp(): Promise<void> {
    const found: { hash: string; bytes: number; atimeMs: number }[] = [];
    const names = await readdir(this.#folder, { recursive: true, withFileTypes: true });
    for (const entry of names.filter((one) => one.isFile())) {
      const path = join(entry.parentPath, entry.name);
      const { size: bytes, atimeMs } = await stat(path);
      if (path === this.#pathOf(entry.name)) found.push({ hash: entry.name, bytes, atimeMs });
      else await rm(path, { force: true });
    }
    for (const { hash, bytes } of found.sort((a, b) => a.atimeMs - b.atimeMs)) {
      this.#add(hash, bytes, Number.NEGATIVE_INFINITY);
    }
    await this.#makeRoom();
  }

  #pathOf(hash: string): string {
    return join(this.#folder, filePlace(hash));
  }
}
