import { createInflate } from 'node:zlib';
import { systemCode } from '../files/files.ts';
import { jpegDamage, strictnessFor } from './jpeg-damage.ts';
import { lzwLength } from './lzw-length.ts';
import { type Raster, rasterDamage } from './raster-damage.ts';
import type { TiffDirectory } from './tiff-directory.ts';
import { webpDamage } from './webp-damage.ts';

const tags = {
  width: 256,
  height: 257,
  bits: 258,
  compression: 259,
  stripOffsets: 273,
  samples: 277,
  rowsPerStrip: 278,
  stripBytes: 279,
  planes: 284,
  tileWidth: 322,
  tileHeight: 323,
  tileOffsets: 324,
  tileBytes: 325,
  jpegTables: 347,
} as const;
const compressions = {
  lzw: 5,
  webp: 50_001,

  none: 1,
  jpeg: 7,
  deflate: 8,
  oldDeflate: 32_946,
  packBits: 32_773,
} as const;
const tiffLzw = { valueBits: 8, isHighFirst: true, isEarly: true };
/** Files with more parts are left to the decoder, because each part takes time. */
const MOST_PARTS = 10_000;
/** Planar configuration: each sample has its own plane. */
const SEPARATE = 2;

/** A strip or tile: a part of the pixels, coded by itself. */
interface Part {
  readonly start: number;
  readonly end: number;
  /** Bytes of its pixels: the last strip has fewer rows than the others, but may be coded as if it had as many. */
  readonly least: number;
  readonly most: number;
}

/**
 * Finds damage in a page of a TIFF that libtiff ignores silently: it does not verify Deflate checksums, libjpeg warnings, or
 * data after the last pixel.
 *
 * @param isMask whether it is a mask, in which black areas of any shape are normal
 * @param decodes whether a JPEG or WebP can be decoded without any warning
 * @returns a description of the damage for an error; undefined if there is none
 */
export async function tiffDamage(
  bytes: Uint8Array,
  directory: TiffDirectory,
  isMask: boolean,
  decodes: (bytes: Uint8Array) => Promise<boolean>,
): Promise<string | undefined> {
  const first = async (tag: number, otherwise: number) =>
    (await directory.values(tag))[0] ?? otherwise;
  const compression = await first(tags.compression, compressions.none);
  const isTiled = (await first(tags.tileWidth, 0)) > 0;
  const bits = await first(tags.bits, 1);
  const height = await first(tags.height, 0);
  const samples = (await first(tags.planes, 1)) === SEPARATE ? 1 : await first(tags.samples, 1);
  const width = await first(isTiled ? tags.tileWidth : tags.width, 0);
  const rows = await first(isTiled ? tags.tileHeight : tags.rowsPerStrip, height);
  const stride = Math.ceil((width * samples * bits) / 8);
  const starts = await directory.values(isTiled ? tags.tileOffsets : tags.stripOffsets);
  const counts = await directory.values(isTiled ? tags.tileBytes : tags.stripBytes);
  const all = starts.map((start, index): Part => {
    const above = isTiled ? 0 : (index % Math.ceil(height / rows)) * rows;
    const most = stride * (isTiled ? rows : Math.min(rows, height));
    const least = Math.min(most, stride * (isTiled ? rows : height - above));
    return { start, end: start + (counts[index] ?? 0), least, most };
  });
  // Where nothing is stored, the decoder knows whether that is allowed.
  const parts = all.filter(({ start, end }) => end > start);
  if (parts.length > MOST_PARTS && compression !== compressions.none) return undefined;

  if (compression === compressions.none) {
    if (bits < 8 || isMask) return undefined;
    const rasters = isTiled ? parts : joined(parts);
    return firstOf(rasters, async (raster) => rasterDamage(bytes, { ...raster, stride }));
  }
  if (compression === compressions.jpeg) {
    const tables = Uint8Array.from(await directory.values(tags.jpegTables));
    return firstOf(parts, async ({ start, end }) => {
      const jpeg = asJpeg(tables, bytes.subarray(start, end));
      const damage = await jpegDamage(jpeg, decodes);
      const isWhole =
        damage !== undefined || strictnessFor(jpeg) === 'error' || (await decodes(jpeg));
      return isWhole ? damage : 'data that are not a complete JPEG';
    });
  }
  if (compression === compressions.deflate || compression === compressions.oldDeflate) {
    return firstOf(parts, (part) => deflateDamage(bytes, part));
  }
  if (compression === compressions.webp) {
    return firstOf(parts, ({ start, end }) => webpDamage(bytes.subarray(start, end), decodes));
  }
  // The decoder fills damaged tiles, and refuses damaged strips.
  if (compression === compressions.lzw && isTiled) {
    return firstOf(parts, async (part) => lzwDamage(bytes, part));
  }
  if (compression === compressions.packBits) {
    return firstOf(parts, async (part) => packBitsDamage(bytes, part));
  }
  return undefined;
}

/** Strips as one where they follow one another. */
function joined(parts: readonly Part[]): Omit<Raster, 'stride'>[] {
  const rasters: Omit<Raster, 'stride'>[] = [];
  for (const part of parts) {
    const last = rasters.at(-1);
    if (last?.end === part.start)
      rasters[rasters.length - 1] = { start: last.start, end: part.end };
    else rasters.push(part);
  }
  return rasters;
}

/** A strip with the tables that all of them share before it, each of them between two markers of two bytes. */
function asJpeg(tables: Uint8Array, strip: Uint8Array): Uint8Array {
  return tables.length === 0 ? strip : Buffer.concat([tables.subarray(0, -2), strip.subarray(2)]);
}

async function deflateDamage(bytes: Uint8Array, part: Part): Promise<string | undefined> {
  const inflating = createInflate({ chunkSize: 2 ** 18 });
  inflating.end(bytes.subarray(part.start, part.end));
  let length = 0;
  try {
    for await (const chunk of inflating) {
      length += chunk.length;
      if (length > part.most) break;
    }
  } catch (error) {
    if (systemCode(error) === 'Z_DATA_ERROR') return 'data that do not match their checksum';
    // Without an end, but all of it may be there.
  }
  return lengthDamage(length, part);
}

/** Follows the runs: a byte says how many bytes follow as they are, or how often the next one is meant. */
function packBitsDamage(bytes: Uint8Array, part: Part): string | undefined {
  let [length, at] = [0, part.start];
  while (at < part.end && length <= part.most) {
    const count = bytes[at] ?? 0;
    const [taken, given] = count < 128 ? [count + 2, count + 1] : [2, 257 - count];
    // 128 stands for nothing.
    at += count === 128 ? 1 : taken;
    length += count === 128 ? 0 : given;
  }
  return lengthDamage(length, part);
}

function lzwDamage(bytes: Uint8Array, part: Part): string | undefined {
  const data = bytes.subarray(part.start, part.end);
  // Codes were packed the other way round before 1990.
  if (data[0] === 0 && ((data[1] ?? 0) & 1) === 1) return undefined;
  return lengthDamage(lzwLength(data, tiffLzw, part.most + 1), part);
}

function lengthDamage(length: number, { least, most }: Part): string | undefined {
  if (length < least) return `data for ${length} of ${least} bytes of pixels`;
  return length > most ? 'data for more pixels than there are' : undefined;
}

async function firstOf<Item>(
  items: readonly Item[],
  find: (item: Item) => Promise<string | undefined>,
): Promise<string | undefined> {
  for (const item of items) {
    const found = await find(item);
    if (found !== undefined) return found;
  }
  return undefined;
}
