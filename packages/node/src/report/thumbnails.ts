import { type Image, type MapScale, regionsOf, type SeenImage } from '@bigrid/inspect';
import sharp, { type Sharp } from 'sharp';
import { drawHeatMap } from '../images/heat-map.ts';
import type { Html } from './html.ts';
import { maskOutline } from './outline.ts';

/** Longest side of an image on the page. */
const thumbnailSide = 320;

/** A test image as it goes onto the page: both images have the same size. */
export interface Thumbnail {
  readonly width: number;
  readonly height: number;
  /** Data URIs. */
  readonly original: string;
  readonly heatMap: string;
  /** Whether a part of the image was ignored, which the heat map shows hatched. */
  readonly isHatched: boolean;
  /** The border of the true defect, to lay over the image. */
  readonly truth: Html | undefined;
}

/**
 * Characters that all images may take, their heat maps and outlines too. Some 2,000 come to each for what is said of it:
 * a page of 1,000 stays below 30 MB whatever they show, which still opens at once in a browser.
 */
const charactersForAll = 26_000_000;
const charactersForOne = 64_000;

/** Characters that one of so many images may take. */
export function charactersForOneOf(shown: number): number {
  return Math.min(charactersForOne, charactersForAll / shown);
}

export interface ThumbnailOptions {
  readonly scale: MapScale;
  /** What both images and the outline may take together, as text of the page. */
  readonly maximumCharacters: number;
  /** Regions of fewer pixels of the image are not outlined. Default 0. */
  readonly smallestRegion?: number | undefined;
}

/** Of what an image may take, the share for the outline of its defect: a ragged one could weigh more than all else. */
const outlineShare = 0.25;

/** Tried in turn until both images fit: first the quality goes, then the size. */
const attempts = [
  { side: thumbnailSide, quality: 80 },
  { side: thumbnailSide, quality: 62 },
  { side: thumbnailSide, quality: 40 },
  { side: 240, quality: 40 },
  { side: 160, quality: 30 },
  // A few hundred bytes, whatever is on it.
  { side: 80, quality: 20 },
] as const;

/** Draws a test image small, as it is and with its heat map over it. */
export async function drawThumbnail(
  { image, map, ignored, mask }: Pick<SeenImage, 'image' | 'map' | 'ignored' | 'mask'>,
  options: ThumbnailOptions,
): Promise<Thumbnail> {
  // Made small first: the outline keeps its width, and the drawing takes a tenth of the time.
  const small = await shrink(image, thumbnailSide);
  const { scale, smallestRegion = 0 } = options;
  const share = (small.width * small.height) / (image.width * image.height);
  const regions = regionsOf(map, small, scale.lowest, smallestRegion * share);
  const drawing = await drawHeatMap(small, map, { ...scale, regions, ignored });
  const { maximumCharacters } = options;
  const truth = mask && maskOutline(mask, map.width, map.height, outlineShare * maximumCharacters);
  const left = maximumCharacters - (truth?.text.length ?? 0);
  let uris: [string, string] | undefined;
  for (const { side, quality } of attempts) {
    uris = await Promise.all([
      encode(sharp(small.data, raw(small)), side, quality),
      encode(sharp(drawing), side, quality),
    ]);
    if (uris[0].length + uris[1].length <= left) break;
  }
  const [original, heatMap] = uris as [string, string];
  const { width, height } = small;
  return { width, height, original, heatMap, isHatched: ignored !== undefined, truth };
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
