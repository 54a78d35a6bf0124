import type { Failure } from './messages.ts';

/** An image to decode. */
export interface ImageTask {
  /** Path of its file, or the content. */
  readonly image: string | Uint8Array;
  /** Names the image in errors. */
  readonly name: string;
  /** Most pixels of a side of the copy (default: 320). */
  readonly side?: number | undefined;
}

/** What decoding an image found out. */
export interface DecodedImage {
  /** Its format, such as `PNG`. */
  readonly format: string;
  /** Pixels, upright. */
  readonly width: number;
  readonly height: number;
  /** A small copy, as WebP. */
  readonly preview: Uint8Array;
}

export type ImageAnswer = { readonly decoded: DecodedImage } | { readonly failure: Failure };
