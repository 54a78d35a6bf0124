import { fail, isBigridError } from '@bigrid/errors';
import type { Image, ImageEntry, Mask, TakeRoom } from '@bigrid/inspect';
import sharp, { type Metadata, type Sharp, type SharpOptions } from 'sharp';
import { readBytes, systemCode } from '../files/files.ts';
import { decodeBmp, readBmpHeader } from './bmp.ts';
import { assertUndamaged } from './damage.ts';
import { imageKind, knownKinds } from './image-kind.ts';
import { strictnessFor, withoutPadding } from './jpeg-damage.ts';
import { assertSize, pixelLimit } from './pixel-limit.ts';
import { tiffDirectory } from './tiff-directory.ts';
import { pageOf } from './tiff-pages.ts';
import { hasSampleToDrop } from './tiff-samples.ts';

// Every image is decoded once: a cache would only hold memory.
sharp.cache(false);

/**
 * Reads and decodes an image file. `scan.tif#2` is the second page of `scan.tif`.
 *
 * @throws PATH_MISSING, PATH_UNREADABLE, IMAGE_UNREADABLE, IMAGE_TOO_LARGE
 */
export async function readImage(path: string, takeRoom?: TakeRoom): Promise<Image> {
  const { file, page } = pageOf(path);
  return decodeImage(await readImageBytes(file), path, page, takeRoom);
}

/**
 * Decodes PNG, JPEG, WebP, TIFF, AVIF, GIF (first frame) or BMP to upright 8-bit sRGB; docs/reference/image-formats.md has
 * the details per format.
 *
 * - 16 bits per channel are reduced to the upper 8, not clipped.
 * - An embedded profile is applied; CMYK without one uses a default print profile.
 * - The EXIF orientation is applied.
 * - Transparency is blended with black. Dropping the alpha channel would show the invisible colours below erased pixels,
 *   which depend on the editor; white would put a bright rim around cut-out parts.
 *
 * @param bytes the encoded image
 * @param name names the image in errors
 * @param page of a TIFF, from 0.
 * @param takeRoom awaited with the number of decoded bytes before decoding
 * @throws IMAGE_UNREADABLE if it is not an image, truncated, or of another format; IMAGE_TOO_LARGE, from the header only:
 *   {@link assertSize}
 */
export async function decodeImage(
  bytes: Uint8Array,
  name: string,
  page = 0,
  takeRoom?: TakeRoom,
): Promise<Image> {
  if (imageKind(bytes) === 'BMP') {
    const { width, height } = readBmpHeader(bytes, name);
    await takeRoom?.(width * height * 3);
    await assertUndamaged(bytes, name, page, false);
    return decodeBmp(bytes, name);
  }
  const header = await readHeader(bytes, name, page);
  await takeRoom?.(header.width * (header.pageHeight ?? header.height) * 3);
  await assertUndamaged(bytes, name, page, false);
  return pixels(bytes, header, page, 'srgb', name);
}

/**
 * Reads a ground-truth mask: a greyscale image, white where the defect is. A lossless mask with only the values 0 and 1 is
 * read as labels: 1 becomes 255, because it would otherwise count as empty.
 *
 * @throws PATH_MISSING, PATH_UNREADABLE, IMAGE_UNREADABLE, IMAGE_TOO_LARGE
 */
export async function readMask(path: string): Promise<Mask> {
  const { file, page } = pageOf(path);
  const bytes = await readImageBytes(file);
  const kind = imageKind(bytes);
  const mask = kind === 'BMP' ? greyBmp(bytes, path) : await decodeGrey(bytes, path, page);
  const lossless = kind === 'PNG' || kind === 'TIFF' || kind === 'GIF' || kind === 'BMP';
  if (lossless && mask.data.every((value) => value <= 1)) {
    for (let i = 0; i < mask.data.length; i++) mask.data[i] = (mask.data[i] ?? 0) * 255;
  }
  return mask;
}

async function decodeGrey(bytes: Uint8Array, path: string, page: number): Promise<Mask> {
  const header = await readHeader(bytes, path, page);
  await assertUndamaged(bytes, path, page, true);
  return pixels(bytes, header, page, 'b-w', path);
}

/** The first channel: all channels of a greyscale mask are equal. */
function greyBmp(bytes: Uint8Array, path: string): Mask {
  const { width, height, data } = decodeBmp(bytes, path);
  return { width, height, data: data.filter((_, index) => index % 3 === 0) };
}

/**
 * The size of an image as {@link readImage} returns it, from its header.
 *
 * @throws PATH_MISSING, PATH_UNREADABLE, IMAGE_UNREADABLE, IMAGE_TOO_LARGE
 */
export async function readSize(path: string): Promise<{ width: number; height: number }> {
  const { file, page } = pageOf(path);
  const bytes = await readImageBytes(file);
  if (imageKind(bytes) === 'BMP') return readBmpHeader(bytes, path);
  const { autoOrient, pageHeight } = await readHeader(bytes, path, page);
  return pageHeight === undefined ? autoOrient : { ...autoOrient, height: pageHeight };
}

/** An image file, decoded on demand. */
export function imageEntry(path: string): ImageEntry {
  return { path, read: (takeRoom) => readImage(path, takeRoom) };
}

/**
 * Encodes an image as lossless WebP, because even JPEG of quality 95 changes scores by a few percent. Uses the least effort:
 * more makes files of 256 x 256 pixels 40 % smaller and takes three times as long.
 */
export function encodeLossless({ width, height, data }: Image): Promise<Uint8Array> {
  return sharp(data, { raw: { width, height, channels: 3 } })
    .webp({ lossless: true, effort: 0 })
    .toBuffer();
}

/** Encodes a mask as PNG, which {@link readMask} reads: white where it is not 0. */
export function encodeMask({ width, height, data }: Mask): Promise<Uint8Array> {
  const white = data.map((value) => (value === 0 ? 0 : 255));
  return sharp(white, { raw: { width, height, channels: 1 } })
    .toColourspace('b-w')
    .png()
    .toBuffer();
}

async function readImageBytes(path: string): Promise<Uint8Array> {
  try {
    return await readBytes(path);
  } catch (error) {
    if (isBigridError(error) && systemCode(error.cause) === 'EISDIR') {
      fail('IMAGE_UNREADABLE', `Expected an image at ${path} but received a folder`, {
        cause: error,
        remedy: 'Name its images, or pass the folder as an argument, which searches it.',
      });
    }
    throw error;
  }
}

/** Reads and checks the header, before decoding. */
async function readHeader(bytes: Uint8Array, name: string, page: number): Promise<Metadata> {
  const received = bytes.byteLength === 0 ? 'an empty file' : imageKind(bytes);
  if (!knownKinds.has(received)) {
    const kinds = [...knownKinds].join(', ');
    fail('IMAGE_UNREADABLE', `Expected one of ${kinds} for ${name} but received ${received}`);
  }
  // The limit is checked below, where the message can name the size.
  const header = await sharp(bytes, { ...decoding, page, limitInputPixels: false })
    .metadata()
    .catch((error: unknown) => failToDecode(name, error));
  if (page >= (header.pages ?? 1)) {
    const received = header.pages === 1 ? 'one page' : `${header.pages ?? 1} pages`;
    fail('IMAGE_UNREADABLE', `Expected page ${page + 1} for ${name} but received ${received}`, {
      remedy: 'Choose a page that the file has.',
    });
  }
  const height = header.pageHeight ?? header.height;
  assertSize(name, header.width, height);
  if (header.depth !== 'uchar' && header.depth !== 'ushort') {
    // Floating-point and 32-bit images have no defined range: any scaling to 8 bits would be a guess.
    fail(
      'IMAGE_UNREADABLE',
      `Expected 8 or 16 bits per channel for ${name} but received values of type ${header.depth}`,
    );
  }
  return header;
}

// 'error', not 'truncated', which misses a truncated JPEG strip in a TIFF. 'warning' would reject images whose only fault is
// a non-standard header, which can be recognised only for JPEG.
const decoding = { failOn: 'error' } satisfies SharpOptions;

async function open(
  bytes: Uint8Array,
  header: Metadata,
  page: number,
  name: string,
): Promise<Sharp> {
  const pipeline = sharp(bytes, {
    ...decoding,
    ...(header.format === 'jpeg' ? { failOn: strictnessFor(bytes) } : {}),
    page,
    limitInputPixels: pixelLimit(),
    ignoreIcc: isPlainSrgb(header.icc),
  });
  if ((header.orientation ?? 1) > 1) pipeline.autoOrient();
  const directory = header.format === 'tiff' ? await tiffDirectory(bytes, page) : undefined;
  if (directory && (await hasSampleToDrop(directory, name))) return pipeline.removeAlpha();
  return header.hasAlpha ? pipeline.flatten({ background: 'black' }) : pipeline;
}

/**
 * Whether a profile is plain sRGB, the default, so that the conversion, which takes longer than decoding, can be skipped.
 * Profiles with tables (over 4 KB) may mention sRGB as their target.
 */
function isPlainSrgb(profile: Uint8Array | undefined): boolean {
  if (profile === undefined || profile.byteLength > 4096) return false;
  // Names are stored as ASCII or UTF-16, which are equal without the zero bytes.
  const text = Buffer.from(profile).toString('latin1').replaceAll('\0', '');
  return text.includes('RGB XYZ') && text.includes('sRGB') && !/linear/i.test(text);
}

async function pixels(
  bytes: Uint8Array,
  header: Metadata,
  page: number,
  space: 'srgb' | 'b-w',
  name: string,
): Promise<{ width: number; height: number; data: Uint8Array }> {
  const decode = async (from: Uint8Array) => {
    const pipeline = await open(from, header, page, name);
    return pipeline.toColourspace(space).raw().toBuffer({ resolveWithObject: true });
  };
  const { data, info } = await decode(bytes)
    .catch((error: unknown) => {
      // Of padding, the decoder warns like of damage.
      const trimmed = header.format === 'jpeg' ? withoutPadding(bytes) : undefined;
      if (trimmed) return decode(trimmed);
      throw error;
    })
    .catch((error: unknown) => failToDecode(name, error));
  const channels = space === 'srgb' ? 3 : 1;
  if (info.channels !== channels) {
    fail(
      'IMAGE_UNREADABLE',
      `Expected ${channels} channels for ${name} but received ${info.channels}`,
    );
  }
  return {
    width: info.width,
    height: info.height,
    // A plain view: a Buffer's own `slice` would share memory where a Uint8Array's copies.
    data: new Uint8Array(data.buffer, data.byteOffset, data.byteLength),
  };
}

function failToDecode(name: string, error: unknown): never {
  if (isBigridError(error)) throw error;
  const text = error instanceof Error ? error.message : String(error);
  const reason =
    text
      .split('\n')[0]
      ?.trim()
      .replace(/[:.]+$/, '') ?? text;
  fail('IMAGE_UNREADABLE', `Expected a whole image for ${name} but received: ${reason}`, {
    cause: error,
  });
}
