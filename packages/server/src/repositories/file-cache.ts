import { rmSync } from 'node:fs';
import { mkdir, readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { failToWrite } from '@bigrid/node/internal';
import { filePlace } from './files.ts';
import type { S3Bucket } from './s3-bucket.ts';

interface Copy {
  readonly bytes: number;
  /** When it was last asked for, in ms of this process; those of earlier processes come first. */
  readonly usedAt: number;
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
    if (copy) this.#put(hash, copy.bytes, performance.now());
    const fetching = this.#fetching.get(hash) ?? this.#fetchUnlessThere(hash);
    this.#fetching.set(hash, fetching);
    return fetching.finally(() => this.#fetching.delete(hash));
  }

  async #fetchUnlessThere(hash: string): Promise<string> {
    const path = this.#pathOf(hash);
    // Somebody may have tidied the disk.
    const there = await stat(path).catch(() => undefined);
    if (there) return path;
    await this.#bucket.download(filePlace(hash), path, hash);
    this.#put(hash, (await stat(path)).size, performance.now());
    this.#makeRoom();
    return path;
  }

  /** As the one that was used last. */
  #put(hash: string, bytes: number, usedAt: number): void {
    this.#remove(hash);
    this.#copies.set(hash, { bytes, usedAt });
    this.#bytes += bytes;
  }

  #remove(hash: string): void {
    this.#bytes -= this.#copies.get(hash)?.bytes ?? 0;
    this.#copies.delete(hash);
  }

  /** At once, so that nobody finds a file that is about to be removed. */
  #makeRoom(): void {
    for (const [hash, { usedAt }] of this.#copies) {
      if (this.#bytes <= this.#mostBytes || performance.now() - usedAt < KEPT_FOR) return;
      this.#remove(hash);
      rmSync(this.#pathOf(hash), { force: true });
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
      this.#put(hash, bytes, Number.NEGATIVE_INFINITY);
    }
    this.#makeRoom();
  }

  #pathOf(hash: string): string {
    return join(this.#folder, filePlace(hash));
  }
}
