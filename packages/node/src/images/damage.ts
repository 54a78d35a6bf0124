import { crc32 } from 'node:zlib';
import { fail } from '@bigrid/errors';
import sharp from 'sharp';
import { bmpRaster } from './bmp.ts';
import { gifDamage } from './gif-damage.ts';
import { imageKind } from './image-kind.ts';
import { jpegDamage } from './jpeg-damage.ts';
import { pixelLimit } from './pixel-limit.ts';
import { rasterDamage } from './raster-damage.ts';
import { tiffDamage } from './tiff-damage.ts';
import { tiffDirectory } from './tiff-directory.ts';
import { webpDamage } from './webp-damage.ts';

/**
 * Rejects damaged or incomplete files that the decoder would accept. The decoder detects the rest: truncation, and what the
 * checksums of PNG and the structure of AVIF protect.
 *
 * @param bytes of a supported format
 * @param name names the image in errors.
 * @param page of a TIFF, from 0.
 * @param isMask whether it is a mask, in which black areas of any shape are normal
 * @throws IMAGE_UNREADABLE, IMAGE_TOO_LARGE
 */
export async function assertUndamaged(
  bytes: Uint8Array,
  name: string,
  page: number,
  isMask: boolean,
): Promise<void> {
  const damage = await damageOf(bytes, name, page, isMask);
  if (damage !== undefined) {
    fail('IMAGE_UNREADABLE', `Expected a whole image for ${name} but received ${damage}`);
  }
}

async function damageOf(
  bytes: Uint8Array,
  name: string,
  page: number,
  isMask: boolean,
): Promise<string | undefined> {
  switch (imageKind(bytes)) {
    case 'JPEG':
      return jpegDamage(bytes, decodes);
    case 'PNG':
      return pngDamage(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength));
    case 'GIF':
      return gifDamage(bytes);
    case 'WebP':
      return webpDamage(bytes, decodes);
    case 'BMP': {
      const raster = bmpRaster(bytes, name);
      return raster && !isMask ? rasterDamage(bytes, raster) : undefined;
    }
    case 'TIFF': {
      const directory = await tiffDirectory(bytes, page);
      return directory && tiffDamage(bytes, directory, isMask, decodes);
    }
    default:
      return undefined;
  }
}

/** Whether a JPEG or a WebP can be decoded without any warning. */
async function decodes(bytes: Uint8Array): Promise<boolean> {
  const trial = sharp(bytes, { failOn: 'warning', limitInputPixels: pixelLimit() });
  const trying = trial.raw().toBuffer();
  return trying.then(
    () => true,
    () => false,
  );
}

/** libpng verifies only the checksums of the chunks that it needs. */
function pngDamage(bytes: Buffer): string | undefined {
  for (let at = 8; at + 12 <= bytes.length; ) {
    const end = at + 8 + bytes.readUInt32BE(at);
    if (end + 4 > bytes.length) return undefined;
    const type = bytes.toString('latin1', at + 4, at + 8);
    if (crc32(bytes.subarray(at + 4, end)) !== bytes.readUInt32BE(end)) {
      return `a ${type} chunk that does not match its checksum`;
    }
    if (type === 'IEND') return undefined;
    at = end + 4;
  }
  return undefined;
}
