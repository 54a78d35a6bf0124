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
 * Reads an image from a file: decodes it, with the errors of the path. `scan.tif#2` is the second page of
 * `scan.tif`.
 *
 * @throws PATH_MISSING, PATH_UNREADABLE, IMAGE_UNREADABLE, IMAGE_TOO_LARGE
 */
export async function readImage(path: string, takeRoom?: TakeRoom): Promise<Image> {
  const { file, page } = pageOf(path);
  return decodeImage(await readImageBytes(file), path, page, takeRoom);
}

/**
 * Decodes PNG, JPEG, WebP, TIFF, AVIF, GIF (its first frame) or BMP to 8-bit sRGB, upright; docs/reference/image-formats.md shows
 * what becomes of each kind.
 *
 * - 16 bits a channel are scaled to 8, not clipped: the higher byte is taken.
 * - An embedded profile is applied; CMYK without one is read by the usual print profile.
 * - The orientation that a camera noted (EXIF) is applied.
 * - Transparency is laid over black. Dropping the alpha channel instead would bring back whatever colour the
 *   editor left under the erased pixels, which nobody sees and which differs from tool to tool; white would
 *   put a glare around parts that were cut out. Opaque images come out the same either way.
 *
 * @param bytes the encoded image.
 * @param name names the image in errors.
 * @param page of a TIFF, from 0.
 * @param takeRoom waited for with the decoded bytes before they are there.
 * @throws IMAGE_UNREADABLE when it is no image, cut short, or of a kind not listed;
 *   IMAGE_TOO_LARGE, from the header alone: {@link assertSize}.
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
 * Reads a ground-truth mask: an image in grey, white where the defect is. A lossless one that knows only
 * the values 0 and 1 is taken for a table of labels: 1 becomes 255, where it would pass for an empty mask.
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

/** Masks are grey: all their channels are the same. */
function greyBmp(bytes: Uint8Array, path: string): Mask {
  const { width, height, data } = decodeBmp(bytes, path);
  return { width, height, data: data.filter((_, index) => index % 3 === 0) };
}

/**
 * The size of an image as {@link readImage} gives it, from its header.
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

/** An image of the file system, decoded when asked for. */
export function imageEntry(path: string): ImageEntry {
  return { path, read: (takeRoom) => readImage(path, takeRoom) };
}

/**
 * An image as WebP without loss, for even JPEG of quality 95 changes scores by some percent; with the least effort:
 * more makes files of 256 x 256 smaller by 40 % and takes three times as long.
 */
export function encodeLossless({ width, height, data }: Image): Promise<Uint8Array> {
  return sharp(data, { raw: { width, height, channels: 3 } })
    .webp({ lossless: true, effort: 0 })
    .toBuffer();
}

async function readImageBytes(path: string): Promise<Uint8Array> {
  try {
    return await readBytes(path);
  } catch (error) {
    if (isBigridError(error) && systemCode(error.cause) === 'EISDIR') {
      fail('IMAGE_UNREADABLE', `Expected an image at ${path} but received a folder`, {
        cause: error,
        remedy: 'Name its images, or give the folder as an argument: then it is searched.',
      });
    }
    throw error;
  }
}

/** What is decided before a single pixel is decoded. */
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
      remedy: 'Ask for a page that the file has.',
    });
  }
  const height = header.pageHeight ?? header.height;
  assertSize(name, header.width, height);
  if (header.depth !== 'uchar' && header.depth !== 'ushort') {
    // Floating-point and 32-bit images state no range: any scaling to 8 bits would be a guess.
    fail(
      'IMAGE_UNREADABLE',
      `Expected 8 or 16 bits a channel for ${name} but received values of type ${header.depth}`,
    );
  }
  return header;
}

// 'error' and not 'truncated': only it notices a JPEG strip of a TIFF that is cut short. 'warning' would
// refuse images whose only fault is a sloppy header; of JPEG we know those.
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
 * Whether a profile says no more than what is assumed without one, so that the conversion, which takes
 * longer than the decoding, can be left out. Profiles with tables (over 4 KB) may name sRGB as their goal.
 */
function isPlainSrgb(profile: Uint8Array | undefined): boolean {
  if (profile === undefined || profile.byteLength > 4096) return false;
  // Names are stored as ASCII or UTF-16; without the zero bytes both read alike.
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
