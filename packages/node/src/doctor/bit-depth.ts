import sharp from 'sharp';
import { readBytes } from '../files/files.ts';
import { imageKind } from '../images/image-kind.ts';
import { pageOf } from '../images/tiff-pages.ts';

/** Of 8 bits: brighter images use at least 14 of 16. */
export const DARK = 64;

/**
 * Returns how many bits the values of a dark 16-bit image use: images of 10 and 12-bit cameras are often saved in the
 * lower bits of 16, of which reading keeps only the upper 8.
 *
 * @param path of an image that has already been read
 * @returns undefined if it uses 14 bits or more, is entirely black, or its file has 8 bits
 * @throws PATH_MISSING, PATH_UNREADABLE
 */
export async function bitsUsed(path: string): Promise<number | undefined> {
  const { file, page } = pageOf(path);
  const bytes = await readBytes(file);
  const kind = imageKind(bytes);
  if (kind !== 'PNG' && kind !== 'TIFF') return undefined;
  const header = await sharp(bytes, { page }).metadata();
  if (header.depth !== 'ushort') return undefined;
  const { channels } = await sharp(bytes, { page }).stats();
  // Without the alpha channel, which has the highest value where an image is opaque.
  const colours = channels.length % 2 === 0 ? channels.slice(0, -1) : channels;
  const bits = Math.ceil(Math.log2(1 + Math.max(...colours.map(({ max }) => max))));
  return bits > 0 && bits < 14 ? bits : undefined;
}
