import { createHash, randomUUID } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { mkdir, open, readdir, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { type Readable, Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { BigridError, fail, isBigridError } from '@bigrid/errors';
import { failToWrite } from '@bigrid/node/internal';

/** A file that was received and is not yet stored. */
export interface ReceivedFile {
  /** SHA-256 of its content, hexadecimal. */
  readonly hash: string;
  readonly bytes: number;
  readonly path: string;
}

/** Where the file with a SHA-256 is, below a folder of all data, with slashes. */
export function filePlace(hash: string): string {
  return `files/${hash.slice(0, 2)}/${hash}`;
}

/**
 * Files by the SHA-256 of their content: model files, images, masks. A file appears under its name whole or not at all, and
 * never changes. Names that a client chooses are never part of a path.
 */
export class FileRepository {
  readonly #data: string;
  readonly #folder: string;
  readonly #incoming: string;
  /** When files that were there already were last stored, in ms since 1970, by their hash. */
  readonly #storedAgain = new Map<string, number>();

  private constructor(folder: string) {
    this.#data = folder;
    this.#folder = join(folder, 'files');
    this.#incoming = join(folder, 'incoming');
  }

  /** Opens the files in a data folder. What an earlier process received and did not store is removed. @throws OUTPUT_UNWRITABLE */
  static async open(folder: string): Promise<FileRepository> {
    const files = new FileRepository(folder);
    try {
      await mkdir(files.#folder, { recursive: true });
      await rm(files.#incoming, { recursive: true, force: true });
      await mkdir(files.#incoming);
    } catch (error) {
      return failToWrite(folder, error);
    }
    return files;
  }

  pathOf(hash: string): string {
    return join(this.#data, filePlace(hash));
  }

  has(hash: string): Promise<boolean> {
    return stat(this.pathOf(hash)).then(
      () => true,
      () => false,
    );
  }

  read(hash: string): Readable {
    return createReadStream(this.pathOf(hash));
  }

  /**
   * Writes a stream to disk, where it waits to be stored or discarded.
   * @param most bytes
   * @throws REQUEST_TOO_LARGE; REQUEST_INVALID if the stream ends early; OUTPUT_UNWRITABLE
   */
  async receive(content: Readable, most: number): Promise<ReceivedFile> {
    const path = join(this.#incoming, randomUUID());
    const digest = createHash('sha256');
    let bytes = 0;
    const measure = new Transform({
      transform(chunk: Buffer, _, done) {
        bytes += chunk.length;
        digest.update(chunk);
        if (bytes > most) done(tooLarge(most));
        else done(null, chunk);
      },
    });
    try {
      // What is left of a request is drained, not destroyed: its connection has to carry the response, and further requests.
      const chunks = content.iterator({ destroyOnReturn: false });
      await pipeline(chunks, measure, createWriteStream(path, { flush: true }));
    } catch (error) {
      content.resume();
      await rm(path, { force: true }).catch(() => {});
      if (isBigridError(error)) throw error;
      return isFromDisk(error) ? failToWrite(path, error) : failOnCut(error);
    }
    return { hash: digest.digest('hex'), bytes, path };
  }

  /** Stores a received file under its hash. It is on disk, under its name, when the promise resolves. @throws OUTPUT_UNWRITABLE */
  async store({ hash, path }: ReceivedFile): Promise<void> {
    const target = this.pathOf(hash);
    const parent = join(this.#folder, hash.slice(0, 2));
    try {
      if (await this.has(hash)) {
        // Not by its date: jobs know the images that they resume with by theirs.
        this.#storedAgain.set(hash, Date.now());
        return await rm(path, { force: true });
      }
      await mkdir(parent, { recursive: true });
      await rename(path, target);
      // The name, too, has to survive a power cut.
      for (const folder of [parent, this.#folder]) await flushFolder(folder);
    } catch (error) {
      failToWrite(target, error);
    }
  }

  /** Lends an empty folder on the same file system, and removes it afterwards. @throws OUTPUT_UNWRITABLE */
  async withFolder<Result>(use: (folder: string) => Promise<Result>): Promise<Result> {
    const folder = join(this.#incoming, randomUUID());
    await mkdir(folder).catch((error: unknown) => failToWrite(folder, error));
    try {
      return await use(folder);
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  }

  async discard({ path }: ReceivedFile): Promise<void> {
    await rm(path, { force: true });
  }

  /** Removes the files that nothing refers to. @param before ms since 1970: those stored later stay */
  async removeAllBut(used: ReadonlySet<string>, before: number): Promise<void> {
    for (const folder of await readdir(this.#folder)) {
      for (const hash of await readdir(join(this.#folder, folder))) {
        if (used.has(hash)) continue;
        const path = this.pathOf(hash);
        const { mtimeMs } = await stat(path);
        const storedAt = Math.max(mtimeMs, this.#storedAgain.get(hash) ?? 0);
        if (storedAt <= before) await rm(path, { force: true });
      }
    }
    for (const [hash, at] of this.#storedAgain) if (at <= before) this.#storedAgain.delete(hash);
  }
}

async function flushFolder(path: string): Promise<void> {
  // Windows cannot open folders; there a rename is flushed with its journal.
  if (process.platform === 'win32') return;
  const handle = await open(path, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

function tooLarge(most: number): BigridError {
  return new BigridError(
    'REQUEST_TOO_LARGE',
    `Expected a file of at most ${most} bytes but received more`,
  );
}

/** Whether the file could not be written, rather than the stream not be read. */
function isFromDisk(error: unknown): boolean {
  const { syscall = '' } = Object(error) as NodeJS.ErrnoException;
  return ['open', 'write', 'fsync', 'close'].includes(syscall);
}

function failOnCut(cause: unknown): never {
  return fail('REQUEST_INVALID', 'Expected a whole file but the connection ended before its end', {
    cause,
  });
}
