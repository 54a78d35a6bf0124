/** Reads bytes at a position; fewer than requested at the end. */
export type ReadAt = (position: number, length: number) => Promise<Buffer>;

/** More directories than any camera writes: stops at files with endless directories. */
const MOST_DIRECTORIES = 10_000;
const MOST_ENTRIES = 4096;
/** Maximum values of a tag: one strip per row of the largest image allowed. */
const MOST_VALUES = 2 ** 20;
/** Bytes of a value, by type: BYTE, SHORT, LONG, UNDEFINED, LONG8. Other types hold nothing that is asked for here. */
const sizes: Readonly<Record<number, 1 | 2 | 4 | 8>> = { 1: 1, 3: 2, 4: 4, 7: 1, 16: 8 };

/** The directory of one page. */
export interface TiffDirectory {
  /** The values of a tag; none if it is absent, truncated or of another type. */
  values(tag: number): Promise<number[]>;
}

/** Reads from bytes in memory. */
export function readerOfBytes(bytes: Uint8Array): ReadAt {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return async (position, length) => buffer.subarray(position, position + length);
}

/**
 * Follows the chain of directories of a TIFF or BigTIFF; pixels are not read.
 * @returns nothing for another kind of file; ends with undefined for a truncated directory
 */
export async function* tiffDirectories(
  read: ReadAt,
): AsyncGenerator<TiffDirectory | undefined, void> {
  const head = await read(0, 16);
  if (head.length < 16) return;
  const little = head.toString('latin1', 0, 2) === 'II';
  if (!little && head.toString('latin1', 0, 2) !== 'MM') return;
  const number = (bytes: Buffer, at: number, size: 1 | 2 | 4 | 8) => {
    if (size === 8) return Number(little ? bytes.readBigUInt64LE(at) : bytes.readBigUInt64BE(at));
    return little ? bytes.readUIntLE(at, size) : bytes.readUIntBE(at, size);
  };
  const version = number(head, 2, 2);
  if (version !== 42 && version !== 43) return;
  // A directory is the number of its entries, the entries, and where the next directory is.
  const [countSize, entrySize, offsetSize] =
    version === 43 ? ([8, 20, 8] as const) : ([2, 12, 4] as const);

  /** The values of the entry at `at`: inside it where they fit, elsewhere otherwise. */
  async function valuesOf(directory: Buffer, at: number): Promise<number[]> {
    const size = sizes[number(directory, at + 2, 2)];
    const count = number(directory, at + 4, offsetSize);
    if (size === undefined || count > MOST_VALUES) return [];
    const inside = at + entrySize - offsetSize;
    const bytes =
      size * count <= offsetSize
        ? directory.subarray(inside, inside + size * count)
        : await read(number(directory, inside, offsetSize), size * count);
    if (bytes.length < size * count) return [];
    return Array.from({ length: count }, (_, index) => number(bytes, index * size, size));
  }

  const visited = new Set<number>();
  let offset = number(head, version === 43 ? 8 : 4, offsetSize);
  while (offset !== 0 && !visited.has(offset) && visited.size < MOST_DIRECTORIES) {
    visited.add(offset);
    const start = await read(offset, countSize);
    const entries = start.length < countSize ? 0 : number(start, 0, countSize);
    if (entries > MOST_ENTRIES) return;
    const size = entries * entrySize + offsetSize;
    const directory = await read(offset + countSize, size);
    if (directory.length < size) {
      yield undefined;
      return;
    }
    const places = new Map<number, number>();
    for (let at = 0; at < entries * entrySize; at += entrySize) {
      places.set(number(directory, at, 2), at);
    }
    yield {
      values: async (tag) => {
        const at = places.get(tag);
        return at === undefined ? [] : valuesOf(directory, at);
      },
    };
    offset = number(directory, entries * entrySize, offsetSize);
  }
}

/** The directory of a page, from 0; undefined if there is no such page. */
export async function tiffDirectory(
  bytes: Uint8Array,
  page: number,
): Promise<TiffDirectory | undefined> {
  let index = 0;
  for await (const directory of tiffDirectories(readerOfBytes(bytes))) {
    if (index++ === page) return directory;
  }
  return undefined;
}
