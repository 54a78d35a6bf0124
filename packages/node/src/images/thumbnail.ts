import { type Image, type MapScale, regionsOf, type SeenImage } from '@bigrid/inspect';
import sharp, { type Sharp } from 'sharp';
import { drawHeatMap } from './heat-map.ts';

/** Longest side of a thumbnail. */
const thumbnailSide = 320;

/** Tried in order until both images fit: first lower quality, then smaller size. */
const attempts = [
  { side: thumbnailSide, quality: 80 },
  { side: thumbnailSide, quality: 62 },
  { side: thumbnailSide, quality: 40 },
  { side: 240, quality: 40 },
  { side: 160, quality: 30 },
  // A few hundred bytes, whatever the image.
  { side: 80, quality: 20 },
] as const;

export interface ThumbnailOptions {
  /** The same for all images, or they cannot be compared. */
  readonly scale: MapScale;
  /** Regions of fewer pixels of the image are not outlined. Default 0. */
  readonly smallestRegion?: number | undefined;
  /** Maximum length of both data URIs together. */
  readonly maximumCharacters: number;
}

export interface Thumbnail {
  /** Size of both images in pixels, at most 320. */
  readonly width: number;
  readonly height: number;
  /** Data URIs of WebP. */
  readonly original: string;
  readonly heatMap: string;
}

/** Draws a small copy of an image. @param side most pixels per side @returns WebP */
export async function drawPreview(image: Image, side = thumbnailSide): Promise<Uint8Array> {
  return sharp(image.data, { ...raw(image), limitInputPixels: false })
    .resize(side, side, { fit: 'inside', withoutEnlargement: true })
    .webp({ quality: 80, effort: 3 })
    .toBuffer();
}

/** Draws a thumbnail of an image, and one with its heat map, for the reports of `@bigrid/report`. */
export async function drawThumbnail(
  { image, map, ignored }: Pick<SeenImage, 'image' | 'map' | 'ignored'>,
  { scale, smallestRegion = 0, maximumCharacters }: ThumbnailOptions,
): Promise<Thumbnail> {
  // Shrunk before drawing: the outline keeps its width, and drawing takes a tenth of the time.
  const small = await shrink(image, thumbnailSide);
  const share = (small.width * small.height) / (image.width * image.height);
  const regions = regionsOf(map, small, scale.lowest, smallestRegion * share);
  const drawing = await drawHeatMap(small, map, { ...scale, regions, ignored });
  let uris: [string, string] | undefined;
  for (const { side, quality } of attempts) {
    uris = await Promise.all([
      encode(sharp(small.data, raw(small)), side, quality),
      encode(sharp(drawing), side, quality),
    ]);
    if (uris[0].length + uris[1].length <= maximumCharacters) break;
  }
  const [original, heatMap] = uris as [string, string];
  return { width: small.width, height: small.height, original, heatMap };
}

async function shrink(image: Image, side: number): Promise<Image> {
  const { data, info } = await sharp(image.data, { ...raw(image), limitInputPixels: false })
    .resize(side, side, { fit: 'inside', withoutEnlargement: true })
    .raw()
    .toBuffer({ resolveWithObject: true });
  return { width: info.width, height: info.height, data };
}

function raw({ width, height }: Image) {
  return { raw: { width, height, channels: 3 as const } };
}

/** An image as a data URI. */
async function encode(image: Sharp, side: number, quality: number): Promise<string> {
  const bytes = await image
    .resize(side, side, { fit: 'inside', withoutEnlargement: true })
    .webp({ quality, effort: 3 })
    .toBuffer();
  return `data:image/webp;base64,${bytes.toString('base64')}`;
}
