import { isBigridError } from '@bigrid/errors';
import type { EvaluatedPicture, Picture } from '@bigrid/inspect';
import sharp, { type Sharp } from 'sharp';
import { drawHeatMap } from '../heat-map.ts';
import type { HeatScale } from './heat-scale.ts';

/** Longest side of a picture on the page. */
const thumbnailSide = 320;

/** A test picture as it goes onto the page: both pictures have the same size. */
export interface Thumbnail {
  readonly width: number;
  readonly height: number;
  /** Data URIs. */
  readonly original: string;
  readonly heatMap: string;
}

/** The file could be read for the evaluation but not again for the page. */
export interface UnreadableThumbnail {
  readonly problem: string;
}

export interface ThumbnailOptions {
  readonly mapWidth: number;
  readonly mapHeight: number;
  readonly scale: HeatScale;
  /** Bytes that both pictures may take together, encoded. Kept to wherever the lowest quality allows it. */
  readonly maximumBytes: number;
}

/** Tried in turn until both pictures fit: first the quality goes, then the size. */
const attempts = [
  { side: thumbnailSide, quality: 80 },
  { side: thumbnailSide, quality: 62 },
  { side: thumbnailSide, quality: 40 },
  { side: 240, quality: 40 },
  { side: 160, quality: 30 },
] as const;

/** Reads a test picture again and draws it small, as it is and with its heat map over it. */
export async function drawThumbnail(
  { entry, map }: EvaluatedPicture,
  options: ThumbnailOptions,
): Promise<Thumbnail | UnreadableThumbnail> {
  let picture: Picture;
  try {
    picture = await entry.read();
  } catch (error) {
    if (!isBigridError(error)) throw error;
    return { problem: error.message };
  }
  // Made small first: the outline keeps its width, and the drawing takes a tenth of the time.
  const small = await shrink(picture, thumbnailSide);
  const values = { width: options.mapWidth, height: options.mapHeight, data: map };
  const drawing = await drawHeatMap(small, values, options.scale);
  let encoded: [Buffer, Buffer] | undefined;
  for (const { side, quality } of attempts) {
    encoded = await Promise.all([
      encode(sharp(small.data, raw(small)), side, quality),
      encode(sharp(drawing), side, quality),
    ]);
    if (encoded[0].length + encoded[1].length <= options.maximumBytes) break;
  }
  const [original, heatMap] = encoded as [Buffer, Buffer];
  return {
    width: small.width,
    height: small.height,
    original: dataUri(original),
    heatMap: dataUri(heatMap),
  };
}

async function shrink(picture: Picture, side: number): Promise<Picture> {
  const { data, info } = await sharp(picture.data, { ...raw(picture), limitInputPixels: false })
    .resize(side, side, { fit: 'inside', withoutEnlargement: true })
    .raw()
    .toBuffer({ resolveWithObject: true });
  return { width: info.width, height: info.height, data };
}

function raw({ width, height }: Picture) {
  return { raw: { width, height, channels: 3 as const } };
}

function encode(image: Sharp, side: number, quality: number): Promise<Buffer> {
  return image
    .resize(side, side, { fit: 'inside', withoutEnlargement: true })
    .webp({ quality, effort: 3 })
    .toBuffer();
}

function dataUri(bytes: Buffer): string {
  return `data:image/webp;base64,${bytes.toString('base64')}`;
}

/** Runs `action` on all items, `ahead` at a time; results in the order of the items. */
export async function mapInOrder<Item, Result>(
  items: readonly Item[],
  action: (item: Item) => Promise<Result>,
  ahead: number,
): Promise<Result[]> {
  const results: Result[] = [];
  let next = 0;
  const work = async () => {
    while (next < items.length) {
      const index = next++;
      results[index] = await action(items[index] as Item);
    }
  };
  await Promise.all(Array.from({ length: ahead }, work));
  return results;
}
