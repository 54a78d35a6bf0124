import { open } from 'node:fs/promises';
import type { Readable } from 'node:stream';
import { BigridError, type ErrorCode, fail, isBigridError } from '@bigrid/errors';
import { type Dataset, openDataset } from '@bigrid/node';
import { reasonOf, systemPath } from '@bigrid/node/internal';
import yauzl from 'yauzl';
import type { FileRepository, ReceivedFile } from '../repositories/files.ts';
import { kindFrom, type Labelling, labelledBy } from './image-labels.ts';
import type { AddedImage, ImageService } from './images.ts';

/** A file that a client sends: an image, or a zip archive of images. */
export interface UploadedFile {
  readonly name: string;
  readonly content: Readable;
}

/** What came of the files of a request. */
export interface Uploaded {
  readonly images: AddedImage[];
  readonly failed: { readonly name: string; readonly error: BigridError }[];
}

/** A folder on the server in any layout that `openDataset` knows. */
export interface FolderImport {
  readonly folder: string;
  /** One of several products in it. */
  readonly product?: string | undefined;
}

/** Most bytes of an archive. */
const MOST_BYTES = 2 ** 34;
/** Errors of one file, which do not concern the others. */
const ofOneFile: ReadonlySet<ErrorCode> = new Set([
  'IMAGE_UNREADABLE',
  'IMAGE_TOO_LARGE',
  'PATH_UNREADABLE',
  'REQUEST_TOO_LARGE',
  'TIMED_OUT',
  'WORKER_LOST',
]);

/** Brings images into projects: from requests, from archives, from folders. */
export class UploadService {
  readonly #files: FileRepository;
  readonly #images: ImageService;

  constructor(files: FileRepository, images: ImageService) {
    this.#files = files;
    this.#images = images;
  }

  /**
   * Adds the images of a request, one after the other.
   * @param labelling of all of them; folders in names, such as `test/scratch`, take precedence
   * @throws NOT_FOUND; REQUEST_INVALID for a damaged archive; OUTPUT_UNWRITABLE, STORE_BUSY
   */
  async add(
    project: string,
    files: AsyncIterable<UploadedFile> | Iterable<UploadedFile>,
    labelling: Labelling,
  ): Promise<Uploaded> {
    const uploaded: Uploaded = { images: [], failed: [] };
    for await (const { name, content } of files) {
      const received = await this.#files.receive(content, MOST_BYTES);
      if (await isArchive(received)) await this.#addAll(project, received, labelling, uploaded);
      else {
        const labels = labelledBy(name) ?? labelling;
        await collect(uploaded, name, () =>
          this.#images.addReceived(project, name, received, labels),
        );
      }
    }
    return uploaded;
  }

  /**
   * Adds the images of a folder on this machine with the labels that its layout gives. It is read, not changed.
   * @throws NOT_FOUND, REQUEST_INVALID if it has several products and none was chosen; what `openDataset` throws
   */
  async addFolder(project: string, { folder, product }: FolderImport): Promise<Uploaded> {
    const { training, test } = productOf(await openDataset(folder), product);
    const uploaded: Uploaded = { images: [], failed: [] };
    const add = (path: string, labelling: Labelling) =>
      collect(uploaded, path, async () =>
        this.#images.add(project, path, await readFrom(path), labelling),
      );
    for (const { path } of training) await add(path, { label: 'normal', split: 'train' });
    for (const { path, defect } of test) {
      const isGood = defect === 'good';
      await add(
        path,
        isGood ? { label: 'normal', split: 'test' } : { label: 'defect', kind: kindFrom(defect) },
      );
    }
    return uploaded;
  }

  /** Adds the images in an archive, and discards it. */
  async #addAll(
    project: string,
    received: ReceivedFile,
    labelling: Labelling,
    uploaded: Uploaded,
  ): Promise<void> {
    try {
      const archive = await yauzl.openPromise(received.path).catch(failToUnzip);
      const entries = archive.eachEntry();
      for (;;) {
        const { done, value: entry } = await entries.next().catch(failToUnzip);
        if (done) break;
        const { fileName: name } = entry;
        if (isLeftOut(name)) continue;
        const content = await archive.openReadStreamPromise(entry).catch(failToUnzip);
        const labels = labelledBy(name) ?? labelling;
        await collect(uploaded, name, () => this.#images.add(project, name, content, labels));
      }
    } finally {
      await this.#files.discard(received);
    }
  }
}

/** Adds an image to the others, or its error to theirs. */
async function collect(
  { images, failed }: Uploaded,
  name: string,
  add: () => Promise<AddedImage>,
): Promise<void> {
  try {
    images.push(await add());
  } catch (error) {
    if (!isBigridError(error) || !ofOneFile.has(error.code)) throw error;
    failed.push({ name, error });
  }
}

async function isArchive({ path }: ReceivedFile): Promise<boolean> {
  const handle = await open(path);
  try {
    const { buffer } = await handle.read(Buffer.alloc(4), 0, 4);
    return buffer.toString('latin1') === 'PK\x03\x04';
  } finally {
    await handle.close();
  }
}

/** Folders, hidden files, and what macOS adds. */
function isLeftOut(name: string): boolean {
  return name.endsWith('/') || name.startsWith('__MACOSX/') || /(^|\/)\.[^/]*$/.test(name);
}

function failToUnzip(error: unknown): never {
  return fail(
    'REQUEST_INVALID',
    `Expected a zip archive of images but received a damaged or encrypted one: ${reasonOf(error)}`,
    { cause: error, remedy: 'Make the archive again, without a password.' },
  );
}

function productOf({ classes }: Dataset, product: string | undefined): Dataset['classes'][number] {
  const [first, ...others] =
    product === undefined ? classes : classes.filter(({ name }) => name === product);
  if (first && others.length === 0) return first;
  const names = classes.map(({ name }) => name).join(', ');
  return fail(
    'REQUEST_INVALID',
    product === undefined
      ? `Expected the name of one product of ${names} but received none`
      : `Expected one of ${names} as the product but received ${product}`,
    { remedy: 'Import each product into a project of its own.' },
  );
}

/** @throws PATH_UNREADABLE */
async function readFrom(path: string): Promise<Readable> {
  const handle = await open(systemPath(path)).catch((error: unknown) => {
    throw new BigridError(
      'PATH_UNREADABLE',
      `Expected an image file at ${path} but received: ${reasonOf(error)}`,
      { cause: error },
    );
  });
  return handle.createReadStream();
}
