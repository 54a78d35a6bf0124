import { randomBytes } from 'node:crypto';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fail } from '@bigrid/errors';
import type { Scratch } from '@bigrid/inspect';
import { failToWrite, statOrUndefined } from '../files/files.ts';
import { type FileHandle, open, rm } from '../files/system.ts';

/**
 * A scratch file in the system's temporary folder (`TMPDIR` changes it). The file is unlinked as soon as it is open, so that
 * the system frees it however the process ends; where that is not possible, `dispose` removes it.
 * @param blockBytes size of every block in bytes
 * @throws OUTPUT_UNWRITABLE if the file cannot be created, and from its methods if the disk is full
 */
export async function fileScratch(blockBytes: number): Promise<Scratch> {
  if (!Number.isSafeInteger(blockBytes) || blockBytes < 1) {
    fail('OPTION_INVALID', `Expected a positive integer for blockBytes but received ${blockBytes}`);
  }
  const path = join(tmpdir(), `bigrid-${randomBytes(8).toString('hex')}.scratch`);
  const name = `${path}, in the folder that TMPDIR names,`;
  let handle: FileHandle;
  try {
    handle = await open(path, 'wx+', 0o600);
  } catch (error) {
    return failToWrite(name, error);
  }
  const unlinked = await rm(path).then(
    () => true,
    () => false,
  );
  return new FileScratch(handle, path, blockBytes, { name, removes: !unlinked });
}

/**
 * A scratch file that is kept, so that another process can continue with it.
 *
 * @param kept number of existing blocks to keep; later ones are dropped
 * @throws OUTPUT_UNWRITABLE; CHECKPOINT_INVALID if the file is missing or has fewer blocks
 */
export async function keptScratch(
  path: string,
  blockBytes: number,
  kept: number,
): Promise<FileScratch> {
  try {
    const size = (await statOrUndefined(path))?.size ?? 0;
    if (size < kept * blockBytes) {
      fail(
        'CHECKPOINT_INVALID',
        `Expected ${kept * blockBytes} bytes of features in ${path} but received ${size}`,
      );
    }
    const handle = await open(path, kept === 0 ? 'w+' : 'r+', 0o600);
    await handle.truncate(kept * blockBytes);
    return new FileScratch(handle, path, blockBytes, { kept });
  } catch (error) {
    return failToWrite(path, error);
  }
}

export class FileScratch implements Scratch {
  readonly #handle: FileHandle;
  readonly #path: string;
  readonly #name: string;
  readonly #blockBytes: number;
  readonly #removes: boolean;
  #appended: number;
  #written: number;
  #tail: Promise<void> = Promise.resolve();
  #disposed = false;

  constructor(
    handle: FileHandle,
    path: string,
    blockBytes: number,
    options: {
      readonly kept?: number | undefined;
      readonly removes?: boolean | undefined;
      /** Names the file in errors. Default: its path. */
      readonly name?: string | undefined;
    },
  ) {
    const { kept = 0, removes = false, name = path } = options;
    this.#handle = handle;
    this.#path = path;
    this.#name = name;
    this.#blockBytes = blockBytes;
    this.#removes = removes;
    this.#appended = kept;
    this.#written = kept;
  }

  async append(block: Uint8Array): Promise<void> {
    this.#assertUsable();
    this.#assertSize(block, 'the block to append');
    // The index is assigned before any await, and writes are queued: concurrent appends keep their order, and a failed one
    // leaves no gap that a read could return as a block.
    const index = this.#appended++;
    const write = this.#tail.then(() => this.#writeAt(block, index * this.#blockBytes));
    this.#tail = write;
    // Callers that await `write` get the error; the chain itself must not be an unhandled rejection.
    write.catch(() => {});
    await write;
    this.#written = index + 1;
  }

  async read(index: number, target: Uint8Array): Promise<void> {
    this.#assertUsable();
    this.#assertSize(target, 'the target of a read');
    if (!Number.isInteger(index) || index < 0 || index >= this.#written) {
      fail(
        'OPTION_INVALID',
        `Expected an index from 0 to ${this.#written - 1} for a block but received ${index}`,
      );
    }
    const start = index * this.#blockBytes;
    for (let done = 0; done < target.byteLength; ) {
      const { bytesRead } = await this.#handle
        .read(target, done, target.byteLength - done, start + done)
        .catch((error: unknown) => failToWrite(this.#name, error));
      if (bytesRead === 0) {
        fail(
          'OUTPUT_UNWRITABLE',
          `Expected ${this.#blockBytes} bytes for block ${index} of ${this.#name} but received ${done}`,
        );
      }
      done += bytesRead;
    }
  }

  /** Resolves when all appended blocks would survive a power cut. */
  async flush(): Promise<void> {
    if (this.#disposed) return;
    await this.#tail;
    await this.#handle.datasync().catch((error: unknown) => failToWrite(this.#name, error));
  }

  async dispose(): Promise<void> {
    if (this.#disposed) return;
    this.#disposed = true;
    await this.#tail.catch(() => {});
    await this.#handle.close();
    if (this.#removes) await rm(this.#path, { force: true }).catch(() => {});
  }

  async #writeAt(block: Uint8Array, start: number): Promise<void> {
    try {
      for (let done = 0; done < block.byteLength; ) {
        const { bytesWritten } = await this.#handle.write(
          block,
          done,
          block.byteLength - done,
          start + done,
        );
        done += bytesWritten;
      }
    } catch (error) {
      failToWrite(this.#name, error);
    }
  }

  #assertUsable(): void {
    if (this.#disposed) {
      fail(
        'OUTPUT_UNWRITABLE',
        `Expected an open scratch for ${this.#name} but received a disposed one`,
      );
    }
  }

  #assertSize(bytes: Uint8Array, role: string): void {
    if (bytes.byteLength !== this.#blockBytes) {
      fail(
        'OPTION_INVALID',
        `Expected ${this.#blockBytes} bytes for ${role} but received ${bytes.byteLength}`,
      );
    }
  }
}
