import { type FileHandle, open, stat } from '../files/system.ts';

/** More pages than any camera writes: a file whose directories are many for nothing ends here. */
const MOST_PAGES = 10_000;
/** Tag of a directory that says what its picture is for; bit 0: a smaller copy, bit 2: a mask of another. */
const SUBFILE_TYPE = 254;
const NO_PICTURE = 0b101;

/** A page of a file: `scan.tif#3` is the third. */
const pageSuffix = /^(.+\.tiff?)#([1-9]\d{0,4})$/is;

/** The file that a path names, and the page in it, from 0. */
export function pageOf(path: string): { file: string; page: number } {
  const [, file, number] = pageSuffix.exec(path) ?? [];
  return file === undefined ? { file: path, page: 0 } : { file, page: Number(number) - 1 };
}

/** What names a page of a file, or of bytes that have a name: the first is called as they are. */
export function pageName(name: string, page: number): string {
  return page === 0 ? name : `${name}#${page + 1}`;
}

/**
 * The pictures in a file: the file itself for the first page, `FILE#2`, `FILE#3` for the others of a TIFF. Smaller
 * copies of a picture and masks, which a TIFF may hold as pages too, are no pictures. Where it is cut short, the first
 * page that is missing is among them: reading it then says what is wrong.
 * @returns the file alone where it is no TIFF, or cannot be read, or is a pipe
 */
export async function picturesInFile(file: string): Promise<string[]> {
  let handle: FileHandle | undefined;
  try {
    // What is read of a pipe is gone, and one that nobody writes to does not even open.
    if (!(await stat(file)).isFile()) return [file];
    handle = await open(file, 'r');
    const pages = await tiffPages(readerOf(handle));
    return pages.map((page) => pageName(file, page));
  } catch {
    return [file];
  } finally {
    await handle?.close();
  }
}

/** The pages of a picture in memory that are pictures, from 0: the first alone where it is no TIFF. */
export async function pagesOf(bytes: Uint8Array): Promise<number[]> {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const read: ReadAt = async (position, length) => buffer.subarray(position, position + length);
  return tiffPages(read);
}

/** Gives bytes at a position; fewer than asked for where they end. */
type ReadAt = (position: number, length: number) => Promise<Buffer>;

/** Follows the chain of directories of a TIFF or BigTIFF; its pixels are not read. @returns at least page 0 */
async function tiffPages(read: ReadAt): Promise<number[]> {
  const head = await read(0, 16);
  if (head.length < 16) return [0];
  const little = head.toString('latin1', 0, 2) === 'II';
  if (!little && head.toString('latin1', 0, 2) !== 'MM') return [0];
  const number = (bytes: Buffer, at: number, size: 2 | 4 | 8) => {
    if (size === 8) return Number(little ? bytes.readBigUInt64LE(at) : bytes.readBigUInt64BE(at));
    return little ? bytes.readUIntLE(at, size) : bytes.readUIntBE(at, size);
  };
  const version = number(head, 2, 2);
  if (version !== 42 && version !== 43) return [0];
  // A directory is the number of its entries, the entries, and where the next directory is.
  const [countSize, entrySize, offsetSize] =
    version === 43 ? ([8, 20, 8] as const) : ([2, 12, 4] as const);
  const pages: number[] = [];
  const visited = new Set<number>();
  let offset = number(head, version === 43 ? 8 : 4, offsetSize);
  while (offset !== 0 && !visited.has(offset) && visited.size < MOST_PAGES) {
    const page = visited.size;
    visited.add(offset);
    const start = await read(offset, countSize);
    const entries = start.length < countSize ? 0 : number(start, 0, countSize);
    if (entries > 4096) break;
    const size = entries * entrySize + offsetSize;
    const directory = await read(offset + countSize, size);
    if (directory.length < size) {
      pages.push(page);
      break;
    }
    let use = 0;
    for (let at = 0; at < entries * entrySize; at += entrySize) {
      if (number(directory, at, 2) === SUBFILE_TYPE)
        use = number(directory, at + entrySize - offsetSize, 4);
    }
    if (page === 0 || (use & NO_PICTURE) === 0) pages.push(page);
    offset = number(directory, entries * entrySize, offsetSize);
  }
  return pages.length === 0 ? [0] : pages;
}

function readerOf(handle: FileHandle): ReadAt {
  return async (position, length) => {
    const { bytesRead, buffer } = await handle.read(Buffer.alloc(length), 0, length, position);
    return buffer.subarray(0, bytesRead);
  };
}
