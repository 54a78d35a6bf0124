import { fail, isBigridError } from '@bigrid/errors';
import { checkOptions, type Mask } from '@bigrid/inspect';
import sharp from 'sharp';
import { callback, optional, path, signal } from '../files/option-schemas.ts';
import { hatch } from '../images/hatching.ts';
import type { Dataset } from './dataset.ts';
import { openIgnoredAreas } from './ignored-areas.ts';
import { type ImageGroup, imageGroups } from './image-groups.ts';

export interface ContactSheetOptions {
  readonly signal?: AbortSignal | undefined;
  /** Path of a mask of areas to ignore, as for training; they are hatched. */
  readonly mask?: string | undefined;
  /** Called after each image. */
  readonly onImage?: ((done: number, total: number) => void) | undefined;
}

const optionsSchema = optional<ContactSheetOptions>({
  signal,
  onImage: callback,
  mask: path,
});

export interface ContactSheet {
  /** A JPEG. */
  readonly bytes: Buffer;
  /** Number of groups that do not fit on the sheet. */
  readonly leftOut: number;
}

/** Thumbnails in a row, spread evenly over the images of a group. */
const columns = 8;
/** Sides in pixels. */
const thumbnail = 128;
const gap = 6;
const caption = 22;
const rowHeight = caption + thumbnail + gap;
const sheetWidth = gap + columns * (thumbnail + gap);
/** Far below the limit of JPEG, 65,535 pixels: nobody reads a longer sheet. */
const mostRows = 120;

const paper = 24;
const outlineColour = [64, 224, 255] as const;
/** Colour of the square for an image that cannot be read. */
const unreadable = [96, 24, 24] as const;

type Entry = ImageGroup['entries'][number];

/**
 * Draws an overview of a data set: a row for each class, split and defect, with its name, its number of images and up to 8
 * thumbnails. Defects in masks are outlined in cyan, ignored areas are hatched, and images that cannot be read are red
 * squares.
 *
 * @returns a JPEG, 1,078 pixels wide, with at most 120 rows
 * @throws CANCELLED, and for `mask` PATH_MISSING, PATH_UNREADABLE, IMAGE_UNREADABLE, IMAGE_TOO_LARGE, OPTION_INVALID
 */
export async function drawContactSheet(
  dataset: Dataset,
  options: ContactSheetOptions = {},
): Promise<ContactSheet> {
  checkOptions(optionsSchema, options, 'drawContactSheet');
  const kinds = imageGroups(dataset);
  const shown = kinds.slice(0, mostRows).map((kind) => ({ kind, entries: spread(kind.entries) }));
  const height = gap + shown.length * rowHeight;
  const sheet = new Uint8Array(sheetWidth * height * 3).fill(paper);
  const total = shown.reduce((sum, { entries }) => sum + entries.length, 0);
  let done = 0;
  const areas = await openIgnoredAreas(
    options.mask,
    kinds.map(({ className }) => className),
  );
  for (const [row, { kind, entries }] of shown.entries()) {
    for (const [column, entry] of entries.entries()) {
      if (options.signal?.aborted) fail('CANCELLED', 'Drawing the contact sheet was cancelled');
      const left = gap + column * (thumbnail + gap);
      const ignored = areas.of(kind.className, entry).ignored ?? areas.everywhere;
      paste(sheet, await drawThumbnail(entry, ignored), left, gap + row * rowHeight + caption);
      options.onImage?.(++done, total);
    }
  }
  const captions = shown.map(({ kind }, row) => ({
    input: Buffer.from(captionSvg(describe(kind))),
    left: 0,
    top: gap + row * rowHeight,
  }));
  const bytes = await sharp(sheet, { raw: { width: sheetWidth, height, channels: 3 } })
    .composite(captions)
    .jpeg({ quality: 88 })
    .toBuffer();
  return { bytes, leftOut: kinds.length - shown.length };
}

/** Up to 8 items at even distances, with the first and the last. */
function spread<T>(all: readonly T[]): T[] {
  const number = Math.min(columns, all.length);
  return Array.from({ length: number }, (_, index) => {
    const at = number === 1 ? 0 : Math.round((index * (all.length - 1)) / (number - 1));
    return all[at] as T;
  });
}

interface Thumbnail {
  readonly width: number;
  readonly height: number;
  readonly data: Uint8Array;
}

async function drawThumbnail(entry: Entry, ignored: Mask | undefined): Promise<Thumbnail> {
  try {
    const image = await entry.read();
    const raw = { width: image.width, height: image.height, channels: 3 } as const;
    const { data, info } = await sharp(image.data, { raw, limitInputPixels: false })
      .resize(thumbnail, thumbnail, { fit: 'inside' })
      .raw()
      .toBuffer({ resolveWithObject: true });
    const drawn = { width: info.width, height: info.height, data };
    if (ignored) hatch(drawn, ignored);
    const mask = await entry.readMask?.();
    if (mask !== undefined) outline(drawn, mask);
    return drawn;
  } catch (error) {
    if (!isBigridError(error)) throw error;
    const data = new Uint8Array(thumbnail * thumbnail * 3);
    for (let i = 0; i < data.length; i += 3) data.set(unreadable, i);
    return { width: thumbnail, height: thumbnail, data };
  }
}

/** Colours the pixels around the defects, so that the defects themselves stay visible. */
function outline({ width, height, data }: Thumbnail, mask: Mask): void {
  const inside = resized(mask, width, height);
  const isInside = (x: number, y: number) =>
    x >= 0 && y >= 0 && x < width && y < height && inside[y * width + x] === 1;
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const isBeside =
        isInside(x - 1, y) || isInside(x + 1, y) || isInside(x, y - 1) || isInside(x, y + 1);
      if (isBeside && !isInside(x, y)) data.set(outlineColour, (y * width + x) * 3);
    }
  }
}

/** Downscales a mask. A pixel is set if any mask pixel in it is, so that small defects are not lost. */
function resized(mask: Mask, width: number, height: number): Uint8Array {
  const small = new Uint8Array(width * height);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const columns = [(x * mask.width) / width, ((x + 1) * mask.width) / width] as const;
      const rows = [(y * mask.height) / height, ((y + 1) * mask.height) / height] as const;
      if (hasDefect(mask, columns, rows)) small[y * width + x] = 1;
    }
  }
  return small;
}

function hasDefect(
  { width, data }: Mask,
  [left, right]: readonly [number, number],
  [top, bottom]: readonly [number, number],
): boolean {
  for (let y = Math.floor(top); y < bottom; y++) {
    for (let x = Math.floor(left); x < right; x++) {
      if ((data[y * width + x] ?? 0) > 127) return true;
    }
  }
  return false;
}

/** Copies a thumbnail to the centre of its square. */
function paste(sheet: Uint8Array, drawn: Thumbnail, left: number, top: number): void {
  const x = left + Math.floor((thumbnail - drawn.width) / 2);
  const y = top + Math.floor((thumbnail - drawn.height) / 2);
  for (let row = 0; row < drawn.height; row++) {
    const line = drawn.data.subarray(row * drawn.width * 3, (row + 1) * drawn.width * 3);
    sheet.set(line, ((y + row) * sheetWidth + x) * 3);
  }
}

function describe({ className, split, defect, entries, masks }: ImageGroup): string {
  const masked = masks > 0 ? `, ${masks} with a mask` : '';
  return `${className} / ${split} / ${defect}: ${entries.length}${masked}`;
}

function captionSvg(text: string): string {
  const cut = text.length > 120 ? `${text.slice(0, 119)}…` : text;
  const escaped = cut
    // biome-ignore lint/suspicious/noControlCharactersInRegex: XML allows none of them
    .replaceAll(/[\0-\x1f]/g, ' ')
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;');
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${sheetWidth}" height="${caption}"><text x="${gap}" y="15" font-family="sans-serif" font-size="14" fill="#e8e8e8">${escaped}</text></svg>`;
}
