import { type FileHandle, open, stat } from '../files/system.ts';
import { type ReadAt, readerOfBytes, tiffDirectories } from './tiff-directory.ts';

/** Tag for the role of a page; bit 0: a smaller copy, bit 2: a mask of another page. */
const SUBFILE_TYPE = 254;
const NO_IMAGE = 0b101;

/** A page of a file: `scan.tif#3` is the third. */
const pageSuffix = /^(.+\.tiff?)#([1-9]\d{0,4})$/is;

/** The file that a path names, and the page in it, from 0. */
export function pageOf(path: string): { file: string; page: number } {
  const [, file, number] = pageSuffix.exec(path) ?? [];
  return file === undefined ? { file: path, page: 0 } : { file, page: Number(number) - 1 };
}

/** The name of a page; the first page has the name of the file. */
export function pageName(name: string, page: number): string {
  return page === 0 ? name : `${name}#${page + 1}`;
}

/**
 * The images in a file: the file itself for the first page, `FILE#2`, `FILE#3` for the others of a TIFF. Smaller
 * copies of an image and masks, which a TIFF may have as pages, are left out. For a truncated file, the first missing page
 * is included: reading it reports what is wrong.
 * @returns only the file if it is not a TIFF, cannot be read, or is a pipe
 */
export async function imagesInFile(file: string): Promise<string[]> {
  let handle: FileHandle | undefined;
  try {
    // Reading from a pipe consumes it, and opening one without a writer blocks.
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

/** The pages of an image in memory that are images, from 0; only the first if it is not a TIFF. */
export async function pagesOf(bytes: Uint8Array): Promise<number[]> {
  return tiffPages(readerOfBytes(bytes));
}

/** @returns at least page 0 */
async function tiffPages(read: ReadAt): Promise<number[]> {
  const pages: number[] = [];
  let page = 0;
  for await (const directory of tiffDirectories(read)) {
    const [use = 0] = (await directory?.values(SUBFILE_TYPE)) ?? [];
    if (page === 0 || (use & NO_IMAGE) === 0) pages.push(page);
    page++;
  }
  return pages.length === 0 ? [0] : pages;
}

function readerOf(handle: FileHandle): ReadAt {
  return async (position, length) => {
    const { bytesRead, buffer } = await handle.read(Buffer.alloc(length), 0, length, position);
    return buffer.subarray(0, bytesRead);
  };
}
