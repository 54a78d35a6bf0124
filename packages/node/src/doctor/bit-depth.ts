import sharp from 'sharp';
import { readBytes } from '../files/files.ts';
import { imageKind } from '../images/image-kind.ts';
import { pageOf } from '../images/tiff-pages.ts';

/** Of 8 bits: brighter images use at least 14 of 16. */
export const DARK = 64;

/**
 * Tells how many bits the values of a dark image use where its file has 16 of them: cameras of 10 and 12 bits are often
 * saved so, in the lower bits, of which reading keeps the upper 8.
 *
 * @param path of an image that was read before.
 * @returns undefined where it uses 14 bits or more, is black all over, or its file has 8 bits.
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
  // Without an alpha channel, which is at its highest where an image is opaque.
  const colours = channels.length % 2 === 0 ? channels.slice(0, -1) : channels;
  const bits = Math.ceil(Math.log2(1 + Math.max(...colours.map(({ max }) => max))));
  return bits > 0 && bits < 14 ? bits : undefined;
}
