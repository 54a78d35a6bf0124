import { mkdir, open, readdir, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { failToWrite, writeAtomically } from '@bigrid/node/internal';

/** Milliseconds. */
const DAY = 86_400_000;
/** Bytes that are searched at once for the end of the last whole line. */
const BLOCK = 65_536;
const NEWLINE = 10;

/** How long files are kept. */
export interface Retention {
  readonly days: number;
  readonly mostBytes: number;
}

/** What streams write to the data folder: a folder per stream, named by its number. */
export class StreamFiles {
  readonly #data: string;

  constructor(data: string) {
    this.#data = data;
  }

  /** Folder of certificates for OPC UA: the server's own, and those that it trusts. All streams have the same. */
  get certificates(): string {
    return join(this.#data, 'opcua');
  }

  /** Relative to the data folder. */
  nameOf(stream: number): string {
    return `streams/${stream}`;
  }

  pathOf(stream: number, ...parts: string[]): string {
    return join(this.#data, this.nameOf(stream), ...parts);
  }

  /** @throws OUTPUT_UNWRITABLE */
  async write(path: string, content: Uint8Array): Promise<void> {
    await writeAtomically(path, content);
  }

  /**
   * Deletes files in a folder and its subfolders: those that were not changed for a number of days, and of the others the
   * oldest, until the rest takes no more than a number of bytes. The newest stays.
   * @throws OUTPUT_UNWRITABLE
   */
  async prune(folder: string, { days, mostBytes }: Retention): Promise<void> {
    try {
      const [newest, ...older] = await filesByAge(folder);
      let bytes = newest?.size ?? 0;
      for (const { path, size, modified } of older) {
        bytes += size;
        if (bytes > mostBytes || Date.now() - modified > days * DAY)
          await rm(path, { force: true });
      }
    } catch (error) {
      failToWrite(folder, error);
    }
  }

  /** Deletes what a stream has written. @throws OUTPUT_UNWRITABLE */
  async remove(stream: number): Promise<void> {
    const path = this.pathOf(stream);
    await rm(path, { recursive: true, force: true }).catch((error) => failToWrite(path, error));
  }
}

/** All files below a folder, the newest first; none if it does not exist. */
async function filesByAge(folder: string) {
  const entries = await readdir(folder, { withFileTypes: true, recursive: true }).catch((error) => {
    if (error.code === 'ENOENT') return [];
    throw error;
  });
  const files: { path: string; size: number; modified: number }[] = [];
  for (const entry of entries.filter((one) => one.isFile())) {
    const path = join(entry.parentPath, entry.name);
    const { size, mtimeMs: modified } = await stat(path);
    files.push({ path, size, modified });
  }
  return files.sort((a, b) => b.modified - a.modified);
}

/**
 * Appends a line to a file, which is created if it is missing. What an earlier process or a full disk left of a line is
 * removed first.
 * @param line without its end
 * @returns bytes of the file
 * @throws OUTPUT_UNWRITABLE
 */
export async function appendLine(path: string, line: string): Promise<number> {
  try {
    await mkdir(dirname(path), { recursive: true });
    await using handle = await open(path, 'a+');
    let { size } = await handle.stat();
    const end = await endOfLines(handle, size);
    if (end < size) {
      await handle.truncate(end);
      size = end;
    }
    const { bytesWritten } = await handle.write(`${line}\n`);
    return size + bytesWritten;
  } catch (error) {
    return failToWrite(path, error);
  }
}

/** Bytes up to the end of the last whole line. */
async function endOfLines(handle: Awaited<ReturnType<typeof open>>, size: number): Promise<number> {
  const block = Buffer.alloc(size > 0 ? BLOCK : 0);
  // The last byte alone, unless a line is incomplete.
  for (let [end, length] = [size, 1]; end > 0; end -= length, length = Math.min(BLOCK, end)) {
    await handle.read(block, 0, length, end - length);
    const at = block.subarray(0, length).lastIndexOf(NEWLINE);
    if (at >= 0) return end - length + at + 1;
  }
  return 0;
}
