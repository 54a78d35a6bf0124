import type { MapScale, SeenImage } from '@bigrid/inspect';
import type { Html } from './html.ts';
import { maskOutline } from './outline.ts';

/** An image as it is and with its heat map, both of the same size, as data URIs. */
export interface ImagePair {
  readonly width: number;
  readonly height: number;
  readonly original: string;
  readonly heatMap: string;
}

export interface DrawOptions {
  /** The same for all images, or they cannot be compared. */
  readonly scale: MapScale;
  /** Regions of fewer pixels of the image are not outlined. Default 0. */
  readonly smallestRegion?: number | undefined;
  /** Maximum length of both data URIs together, which only the smallest size may exceed. */
  readonly maximumCharacters: number;
}

/** Draws an image small, as it is and with its heat map: `drawThumbnail` of `@bigrid/node` does, through sharp. */
export type DrawThumbnail = (
  seen: Pick<SeenImage, 'image' | 'map' | 'ignored'>,
  options: DrawOptions,
) => Promise<ImagePair>;

/** A test image as it goes onto the page. */
export interface Thumbnail extends ImagePair {
  /** Whether a part of the image was ignored, which the heat map shows hatched. */
  readonly isHatched: boolean;
  /** The outline of the true defect, an overlay. */
  readonly truth: Html | undefined;
}

/**
 * Budget for all images with their heat maps and outlines, in characters. Each image adds about 2,000 characters of
 * markup, so a page of 1,000 images stays below 30 MB, which still opens quickly in a browser.
 */
const charactersForAll = 26_000_000;
const charactersForOne = 64_000;

/** Budget of one of so many images, in characters. */
export function charactersForOneOf(shown: number): number {
  return Math.min(charactersForOne, charactersForAll / shown);
}

/** Images on a page by default. */
export const defaultMaximumImages = 1000;

/** Thumbnails kept above the maximum before those least needed are dropped, as a fraction of the maximum. */
export const slack = 0.25;

/** Share of an image's budget for the outline of its defect, which could be the largest part if it is ragged. */
const outlineShare = 0.25;

/** Draws a test image, and the outline of its true defect where it has a mask. */
export async function thumbnailOf(
  seen: Pick<SeenImage, 'image' | 'map' | 'ignored' | 'mask'>,
  draw: DrawThumbnail,
  options: DrawOptions,
): Promise<Thumbnail> {
  const { map, ignored, mask } = seen;
  const { maximumCharacters } = options;
  const truth = mask && maskOutline(mask, map.width, map.height, outlineShare * maximumCharacters);
  const left = maximumCharacters - (truth?.text.length ?? 0);
  const pair = await draw(seen, { ...options, maximumCharacters: left });
  return { ...pair, isHatched: ignored !== undefined, truth };
}

/** Draws one image at a time, while the next is inspected. */
export class Drawing {
  #last: Promise<void> = Promise.resolve();

  /** Waits for the image being drawn. Throws what drawing it threw. */
  done(): Promise<void> {
    return this.#last;
  }

  start(drawn: Promise<void>): void {
    this.#last = drawn;
    // Errors are thrown by the next call that waits.
    drawn.catch(() => {});
  }
}
