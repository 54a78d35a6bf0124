import { BigridError, fail, isBigridError } from '@bigrid/errors';
import { digest } from './digest.ts';
import type { Image, ImageEntry } from './ports.ts';
import type { TakeRoom } from './work.ts';

/**
 * Decodes an image and checks the result: entries may come from other programs, such as a camera driver.
 * @throws IMAGE_UNREADABLE if it is not 8-bit RGB of the stated size; whatever `entry.read` throws
 */
export async function readImage(entry: ImageEntry, takeRoom: TakeRoom): Promise<Image> {
  if (typeof entry?.path !== 'string' || typeof entry.read !== 'function') {
    fail('IMAGE_UNREADABLE', 'Expected an image with `path` and `read` but received another value');
  }
  const image: Image | undefined = await entry.read(takeRoom);
  const { width, height, data } = image ?? {};
  if (!isLength(width) || !isLength(height)) {
    return unreadable(entry, 'a width and height of at least 1 pixel', `${width} x ${height}`);
  }
  if (!isBytes(data)) {
    const received = Object.prototype.toString.call(data).slice(8, -1);
    return unreadable(entry, 'RGB in a Uint8Array', received);
  }
  const [expected, channels] = [3 * width * height, data.length / (width * height)];
  if (data.length !== expected) {
    const received = Number.isInteger(channels) ? ` (${channels} channels)` : '';
    unreadable(
      entry,
      `${expected} bytes of RGB for ${width} x ${height}`,
      `${data.length}${received}`,
    );
  }
  return image;
}

/** A decoded image with the SHA-256 over its pixels. */
export interface DigestedImage {
  readonly image: Image;
  readonly digest: Uint8Array;
}

/** Decodes an image like {@link readImage} and computes its digest while others are decoded. */
export async function readWithDigest(
  entry: ImageEntry,
  takeRoom: TakeRoom,
): Promise<DigestedImage> {
  const image = await readImage(entry, takeRoom);
  return { image, digest: await digest(image.data) };
}

function isLength(side: unknown): side is number {
  return Number.isSafeInteger(side) && Number(side) > 0;
}

function isBytes(data: unknown): data is Uint8Array {
  return data instanceof Uint8Array || data instanceof Uint8ClampedArray;
}

function unreadable({ path }: ImageEntry, expected: string, received: string): never {
  return fail('IMAGE_UNREADABLE', `Expected ${expected} from ${path} but received ${received}`);
}

/** The error of an image whose reading failed: the thrown error itself, if it is from the registry. */
export function imageError(path: string, thrown: unknown): BigridError {
  if (isBigridError(thrown)) return thrown;
  const message = thrown instanceof Error ? thrown.message : String(thrown);
  return new BigridError('IMAGE_UNREADABLE', `Expected to read ${path} but received: ${message}`, {
    cause: thrown,
  });
}
