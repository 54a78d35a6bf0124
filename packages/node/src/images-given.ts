import type { ImageEntry } from '@bigrid/inspect';
import { listImages } from './datasets/folders.ts';
import { entryOf, type ImageInput } from './images/image-input.ts';

/**
 * The images that a caller passed: files, folders (searched for images) and images in memory.
 * @throws PATH_MISSING, PATH_UNREADABLE, DATA_EMPTY, OPTION_INVALID, IMAGE_TOO_LARGE
 */
export async function imagesGiven(inputs: readonly ImageInput[]): Promise<ImageEntry[]> {
  const entries: ImageEntry[] = [];
  for (const input of inputs) {
    if (typeof input !== 'string') entries.push(entryOf(input));
    else for (const path of await listImages(input)) entries.push(entryOf(path));
  }
  return entries;
}
