import { fail } from '@bigrid/errors';
import type { ImageEntry } from '@bigrid/inspect';
import { linesOf, NEWLINE } from '../files/lines.ts';
import { selfEnding } from './image-ends.ts';
import { imageKind } from './image-kind.ts';
import { decodeImage, imageEntry } from './images.ts';
import { imagesInFile, pageName, pagesOf } from './tiff-pages.ts';

/** Longer than any path that a system allows. */
const LONGEST_PATH = 65_536;
/** Bytes needed to recognise an image format. */
const HEAD = 16;
/** Maximum bytes of one image: more than the pixel limit takes uncompressed. */
const LARGEST_IMAGE = 2 ** 30;

/**
 * The images in a stream: paths in UTF-8, one per line or, if there is a NUL, separated by NULs (as from `find -print0`); or
 * image files, recognised by their first bytes. JPEG, PNG, BMP, GIF and WebP files may be concatenated, with only zeros in
 * between. Each image is yielded as soon as it is complete, and one is held in memory at a time. Folders are not searched.
 * Each page of a TIFF is an image.
 * @param name names the image; `NAME#2` is the second one, or its second page
 * @throws INPUT_INVALID if the stream is neither, or empty, or if something else follows an image; IMAGE_TOO_LARGE for an
 *   image of more than 1 GiB
 */
export async function* imagesOfStream(
  stream: AsyncIterable<Uint8Array>,
  name: string,
): AsyncGenerator<ImageEntry> {
  const chunks = stream[Symbol.asyncIterator]();
  const head = await headOf(chunks);
  const all = joined(head, chunks);
  if (isImage(head)) {
    return yield* imagesInBytes(all, name);
  }
  const separator = head.includes(0) ? 0 : NEWLINE;
  for await (const { text } of linesOf(all, separator, LONGEST_PATH, failOnLine)) {
    const path = separator === NEWLINE ? text.replace(/^\ufeff|\r$/g, '') : text;
    if (path !== '') yield* (await imagesInFile(path)).map(imageEntry);
  }
}

/** Reads enough bytes to recognise the content; does not wait for more than a first line. */
async function headOf(chunks: AsyncIterator<Uint8Array>): Promise<Uint8Array> {
  let head = new Uint8Array();
  // The PNG signature also contains a newline.
  while (head.length < HEAD && (head[0] === 0x89 || !head.includes(NEWLINE))) {
    const next = await chunks.next();
    if (next.done) break;
    head = Buffer.concat([head, next.value]);
  }
  if (head.length === 0) {
    fail('INPUT_INVALID', 'Expected paths or an image from the pipe but received nothing');
  }
  return head;
}

/** Unsupported formats count as images as well: decoding reports what they are. */
function isImage(head: Uint8Array): boolean {
  const kind = imageKind(head);
  // The BMP signature is two letters that a path may start with: check the four zeros after the size.
  if (kind === 'BMP') return head.length >= 10 && head.subarray(6, 10).every((byte) => byte === 0);
  return kind !== 'text' && kind !== 'a file of another kind';
}

async function* imagesInBytes(
  chunks: AsyncIterable<Uint8Array>,
  name: string,
): AsyncGenerator<ImageEntry> {
  let count = 0;
  for await (const bytes of encodedImages(chunks, name)) {
    const pages = count === 0 ? await pagesOf(bytes) : [0];
    for (const page of pages) yield entryOf(bytes, pageName(name, count + page), page);
    count++;
  }
}

/**
 * The files of images in a stream that has nothing else, undecoded: JPEG, PNG, BMP, GIF and WebP may follow each other, with
 * only zeros in between. Each is yielded as soon as it is complete; at the end of the stream, also an incomplete one.
 * @param name names the stream in errors
 * @throws INPUT_INVALID if something else follows an image; IMAGE_TOO_LARGE for an image of more than 1 GiB
 */
export async function* encodedImages(
  chunks: AsyncIterable<Uint8Array>,
  name: string,
): AsyncGenerator<Buffer> {
  const gathered = new Gathered(name);
  let [count, searched] = [0, 0];

  /** Yields complete images; at the end of the stream, also an incomplete last one. */
  function* found(isEnd: boolean): Generator<Buffer> {
    for (;;) {
      if (count > 0) gathered.dropZeros();
      const { bytes } = gathered;
      if (bytes.length === 0 || (bytes.length < HEAD && !isEnd)) return;
      const kind = imageKind(bytes);
      const findEnd = selfEnding.get(kind);
      if (count > 0 && !findEnd) failOnRest(kind, name, count);
      const end = findEnd?.(bytes, searched);
      searched = bytes.length;
      if (end === undefined && !isEnd) return;
      yield gathered.take(end ?? bytes.length);
      searched = 0;
      count++;
    }
  }

  for await (const chunk of chunks) {
    gathered.add(chunk);
    yield* found(false);
  }
  yield* found(true);
}

function entryOf(bytes: Buffer, path: string, page = 0): ImageEntry {
  return { path, read: (takeRoom) => decodeImage(bytes, path, page, takeRoom) };
}

function failOnRest(kind: string, name: string, count: number): never {
  const after = count === 1 ? 'the image' : `${count} images`;
  const kinds = [...selfEnding.keys()].join(', ');
  fail(
    'INPUT_INVALID',
    `Expected ${kinds} or nothing after ${after} of ${name} but received ${kind}`,
  );
}

/** Buffered bytes of a stream. */
class Gathered {
  readonly #name: string;
  #buffer = Buffer.alloc(2 ** 17);
  #start = 0;
  #end = 0;

  /** @param name names the stream in errors */
  constructor(name: string) {
    this.#name = name;
  }

  get bytes(): Buffer {
    return this.#buffer.subarray(this.#start, this.#end);
  }

  /** @throws IMAGE_TOO_LARGE */
  add(chunk: Uint8Array): void {
    const length = this.#end - this.#start + chunk.length;
    if (length > LARGEST_IMAGE) {
      fail(
        'IMAGE_TOO_LARGE',
        `Expected at most ${LARGEST_IMAGE} bytes for ${this.#name} but received more`,
        { remedy: 'Save it to a file, and pass its path.' },
      );
    }
    if (this.#end + chunk.length > this.#buffer.length) {
      const isFull = length > this.#buffer.length / 2;
      const buffer = isFull ? Buffer.alloc(2 * length) : this.#buffer;
      this.#buffer.copy(buffer, 0, this.#start, this.#end);
      [this.#buffer, this.#start, this.#end] = [buffer, 0, length - chunk.length];
    }
    this.#buffer.set(chunk, this.#end);
    this.#end += chunk.length;
  }

  /** Removes and returns the first bytes. */
  take(length: number): Buffer {
    const taken = Buffer.from(this.bytes.subarray(0, length));
    this.#start += length;
    return taken;
  }

  dropZeros(): void {
    while (this.#start < this.#end && this.#buffer[this.#start] === 0) this.#start++;
  }
}

async function* joined(
  head: Uint8Array,
  chunks: AsyncIterator<Uint8Array>,
): AsyncGenerator<Uint8Array> {
  yield head;
  for (let next = await chunks.next(); !next.done; next = await chunks.next()) yield next.value;
}

function failOnLine(): never {
  fail(
    'INPUT_INVALID',
    `Expected paths, one per line, or an image from the pipe but received a line of more than ${LONGEST_PATH} bytes`,
  );
}
