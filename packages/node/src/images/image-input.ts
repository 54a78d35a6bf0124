import { fail } from '@bigrid/errors';
import { checkArgument, type Image, type ImageEntry } from '@bigrid/inspect';
import { path } from '../files/option-schemas.ts';
import { decodeImage, imageEntry } from './images.ts';
import { assertSize } from './pixel-limit.ts';

/** Order of the 8-bit channels of a pixel in memory. */
export type PixelFormat = 'rgb' | 'bgr' | 'rgba' | 'bgra' | 'grey';

/** An unencoded frame in memory: from a camera, a video decoder or a canvas. */
export interface RawFrame {
  /** Pixels, row by row, 8 bits per channel: at least (height - 1) * stride + width * channels bytes. */
  readonly data: Uint8Array | Uint8ClampedArray;
  /** Pixels per row, at least 1. */
  readonly width: number;
  /** Rows, at least 1. */
  readonly height: number;
  /** Order of the channels. Transparent pixels are blended with black, as in files. */
  readonly format: PixelFormat;
  /** Bytes from the start of one row to the start of the next. Default: width * channels. */
  readonly stride?: number | undefined;
  /** Names the image in results and errors. Default: `frame`. */
  readonly name?: string | undefined;
}

/** An image to inspect or to learn: the path of a file, the bytes of a file, a frame in memory, or an entry. */
export type ImageInput = string | Uint8Array | RawFrame | ImageEntry;

/** Positions of red, green, blue and alpha in a pixel, and the number of channels. */
const layouts = {
  rgb: { channels: 3, red: 0, green: 1, blue: 2, alpha: undefined },
  bgr: { channels: 3, red: 2, green: 1, blue: 0, alpha: undefined },
  rgba: { channels: 4, red: 0, green: 1, blue: 2, alpha: 3 },
  bgra: { channels: 4, red: 2, green: 1, blue: 0, alpha: 3 },
  grey: { channels: 1, red: 0, green: 0, blue: 0, alpha: undefined },
} as const satisfies Record<PixelFormat, object>;

/**
 * An encoded image in memory: PNG, JPEG, WebP, TIFF, AVIF, GIF or BMP. It is decoded when needed; the bytes must not change
 * until then.
 * @param options name: names the image in results and errors; default `image`
 * @throws OPTION_INVALID if `bytes` is not a Uint8Array
 */
export function imageFromBytes(
  bytes: Uint8Array,
  { name = 'image' }: { readonly name?: string | undefined } = {},
): ImageEntry {
  if (!(bytes instanceof Uint8Array)) refuse('the bytes of an image', 'bytes', kindOf(bytes));
  return { path: name, read: (takeRoom) => decodeImage(bytes, name, 0, takeRoom) };
}

/**
 * A frame in memory. Its pixels are read when needed: `data` must not change until the verdict is available.
 * @throws OPTION_INVALID if the sizes are inconsistent; IMAGE_TOO_LARGE
 */
export function imageFromRaw(frame: RawFrame): ImageEntry {
  const { name = 'frame' } = frame;
  const stride = checkedStride(frame);
  assertSize(name, frame.width, frame.height);
  return {
    path: name,
    async read(takeRoom) {
      await takeRoom?.(3 * frame.width * frame.height);
      return toRgb(frame, stride);
    },
  };
}

/** The entry for any form of image. @throws OPTION_INVALID, IMAGE_TOO_LARGE */
export function entryOf(input: ImageInput): ImageEntry {
  if (typeof input === 'string') {
    checkArgument(path, input, 'image');
    return imageEntry(input);
  }
  if (input instanceof Uint8Array) return imageFromBytes(input);
  if (isEntry(input)) return input;
  if (typeof input === 'object' && input !== null && 'format' in input) return imageFromRaw(input);
  const expected = 'a path, the bytes of an image, a frame with its format, or an image entry';
  return refuse(expected, 'image', kindOf(input));
}

/** Whether {@link entryOf} accepts a value; sizes are not checked. */
export function isImageInput(value: unknown): value is ImageInput {
  if (typeof value === 'string') return path.safeParse(value).success;
  if (value instanceof Uint8Array) return true;
  return typeof value === 'object' && value !== null && (isEntry(value) || 'format' in value);
}

function isEntry(value: unknown): value is ImageEntry {
  const { path, read } = (value ?? {}) as Partial<ImageEntry>;
  return typeof path === 'string' && typeof read === 'function';
}

/** @returns bytes per row */
function checkedStride({ data, width, height, format, stride }: RawFrame): number {
  if (!Object.hasOwn(layouts, format)) {
    refuse(`one of ${Object.keys(layouts).join(', ')}`, 'format', String(format));
  }
  if (!isLength(width)) refuse('a whole number of at least 1', 'width', String(width));
  if (!isLength(height)) refuse('a whole number of at least 1', 'height', String(height));
  const row = width * layouts[format].channels;
  if (stride !== undefined && !(isLength(stride) && stride >= row)) {
    refuse(`at least ${row} bytes per row of ${format}`, 'stride', String(stride));
  }
  if (!(data instanceof Uint8Array) && !(data instanceof Uint8ClampedArray)) {
    refuse('a Uint8Array', 'data', kindOf(data));
  }
  const [least, most] =
    stride === undefined
      ? [row * height, row * height]
      : [stride * (height - 1) + row, stride * height];
  if (data.length < least || data.length > most) {
    const expected = least === most ? `${least}` : `${least} to ${most}`;
    refuse(`${expected} bytes of ${format}, ${width} x ${height},`, 'data', `${data.length}`);
  }
  return stride ?? row;
}

/** 8-bit RGB without gaps between rows. */
function toRgb({ data, width, height, format }: RawFrame, stride: number): Image {
  const { channels, red, green, blue, alpha } = layouts[format];
  if (format === 'rgb' && stride === 3 * width) {
    return { width, height, data: new Uint8Array(data.buffer, data.byteOffset, data.length) };
  }
  const rgb = new Uint8Array(3 * width * height);
  for (let y = 0, to = 0; y < height; y++) {
    for (let x = 0, from = y * stride; x < width; x++, from += channels, to += 3) {
      const opacity = alpha === undefined ? 255 : (data[from + alpha] as number);
      rgb[to] = blended(data[from + red] as number, opacity);
      rgb[to + 1] = blended(data[from + green] as number, opacity);
      rgb[to + 2] = blended(data[from + blue] as number, opacity);
    }
  }
  return { width, height, data: rgb };
}

/** Blends a value with black. */
function blended(value: number, opacity: number): number {
  return opacity === 255 ? value : Math.floor((value * opacity) / 255);
}

function isLength(value: unknown): value is number {
  return Number.isSafeInteger(value) && Number(value) > 0;
}

function kindOf(value: unknown): string {
  return Object.prototype.toString.call(value).slice(8, -1);
}

function refuse(expected: string, name: string, received: string): never {
  return fail('OPTION_INVALID', `Expected ${expected} for ${name} but received ${received}`, {
    remedy: 'Pass an image as documented for `ImageInput`.',
  });
}
