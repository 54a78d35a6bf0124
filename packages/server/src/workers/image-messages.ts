import type { Failure } from './messages.ts';

/** A file to decode. */
export interface ImageTask {
  readonly path: string;
  /** Names the image in errors. */
  readonly name: string;
}

/** What decoding a file found out. */
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
