import { fail } from '@bigrid/errors';
import type { PictureEntry } from '@bigrid/inspect';
import { linesOf, NEWLINE } from '../files/lines.ts';
import { pictureKind } from './picture-kind.ts';
import { decodePicture, pictureEntry } from './pictures.ts';
import { pageName, pagesOf, picturesInFile } from './tiff-pages.ts';

/** Longer than any path that a system takes. */
const LONGEST_PATH = 65_536;
/** Bytes of one picture: more than the most pixels allowed take without compression. */
const LARGEST_PICTURE = 2 ** 30;

/**
 * The pictures that a stream names or is: the bytes of one picture, told by how they begin, or paths in UTF-8, one a
 * line, or, when a NUL is seen, one between NULs (as `find -print0` writes them). A path is yielded as soon as it is
 * there. Folders are not searched. Of a TIFF with several pages each is a picture.
 * @param name names the picture that it is; `NAME#2` is its second page
 * @throws INPUT_INVALID when it is neither, or empty
 */
export async function* picturesOfStream(
  stream: AsyncIterable<Uint8Array>,
  name: string,
): AsyncGenerator<PictureEntry> {
  const chunks = stream[Symbol.asyncIterator]();
  const head = await headOf(chunks);
  const all = joined(head, chunks);
  if (isPicture(head)) {
    const bytes = await collect(all, name);
    for (const page of await pagesOf(bytes)) {
      const path = pageName(name, page);
      yield { path, read: (takeRoom) => decodePicture(bytes, path, page, takeRoom) };
    }
    return;
  }
  const separator = head.includes(0) ? 0 : NEWLINE;
  for await (const { text } of linesOf(all, separator, LONGEST_PATH, failOnLine)) {
    const path = separator === NEWLINE ? text.replace(/^\ufeff|\r$/g, '') : text;
    if (path !== '') yield* (await picturesInFile(path)).map(pictureEntry);
  }
}

/** The first bytes, enough to tell what they are; a first line shorter than that is not waited beyond. */
async function headOf(chunks: AsyncIterator<Uint8Array>): Promise<Uint8Array> {
  let head = new Uint8Array();
  // A newline is in the signature of PNG as well.
  while (head.length < 16 && (head[0] === 0x89 || !head.includes(NEWLINE))) {
    const next = await chunks.next();
    if (next.done) break;
    head = Buffer.concat([head, next.value]);
  }
  if (head.length === 0) {
    fail('INPUT_INVALID', 'Expected paths or a picture from the pipe but received nothing');
  }
  return head;
}

/** Kinds that only look like other things are pictures too: decoding them says what they are. */
function isPicture(head: Uint8Array): boolean {
  const kind = pictureKind(head);
  // Two letters make a bitmap, and paths may begin with them: after its size come four zeros.
  if (kind === 'BMP') return head.length >= 10 && head.subarray(6, 10).every((byte) => byte === 0);
  return kind !== 'text' && kind !== 'a file of another kind';
}

async function collect(chunks: AsyncIterable<Uint8Array>, name: string): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of chunks) {
    parts.push(chunk);
    length += chunk.length;
    if (length > LARGEST_PICTURE) {
      fail(
        'PICTURE_TOO_LARGE',
        `Expected at most ${LARGEST_PICTURE} bytes for ${name} but received more`,
        { remedy: 'Save it to a file, and give its path.' },
      );
    }
  }
  return Buffer.concat(parts, length);
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
    `Expected paths, one a line, or a picture from the pipe but received a line of more than ${LONGEST_PATH} bytes`,
  );
}
