import { readFile } from 'node:fs/promises';
import { join, relative, sep } from 'node:path';
import type { OnEvent } from '@bigrid/node';
import { type ImageList, imageListSchema, jobFiles } from '../job-files.ts';

/** Whom a job reports to, and what stops it. */
export interface JobTools {
  readonly onEvent: OnEvent;
  readonly signal: AbortSignal;
}

/** The images in the folder of a job, and what the project calls them. */
export class JobContext {
  /** The folder of the images. */
  readonly images: string;
  /** Path of the mask of what to ignore, if there is one. */
  readonly mask: string | undefined;
  readonly #folder: string;
  readonly #list: ImageList;

  private constructor(folder: string, list: ImageList) {
    this.images = join(folder, jobFiles.images);
    this.mask = list.mask ? join(folder, jobFiles.mask) : undefined;
    this.#folder = folder;
    this.#list = list;
  }

  static async open(folder: string): Promise<JobContext> {
    const text = await readFile(join(folder, jobFiles.list), 'utf8');
    return new JobContext(folder, imageListSchema.parse(JSON.parse(text)));
  }

  /** Paths of all images, in the order of the project. */
  get paths(): string[] {
    return Object.keys(this.#list.images).map((place) => join(this.images, place));
  }

  /** Paths of the images to test with. */
  get testPaths(): string[] {
    return this.paths.filter((path) => path.startsWith(join(this.images, 'test') + sep));
  }

  /** The id and name of the image at a path; for a page of a TIFF, of its file. */
  imageAt(path: string): { readonly image: number | null; readonly name: string } {
    const place = relative(this.images, path).replaceAll(sep, '/');
    const known = this.#list.images[place] ?? this.#list.images[place.replace(/#\d+$/, '')];
    return { image: known?.id ?? null, name: known?.name ?? place };
  }

  /** A message without the paths of the server. */
  shortened(message: string): string {
    return message
      .replaceAll(this.images + sep, '')
      .replaceAll(this.#folder + sep, '')
      .replaceAll(this.images, 'the images');
  }
}
