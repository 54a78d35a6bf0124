import { createReadStream } from 'node:fs';
import { open } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { BigridError, type ErrorCode, fail, isBigridError } from '@bigrid/errors';
import { type Dataset, openDataset } from '@bigrid/node';
import { encodeMask, reasonOf, systemPath } from '@bigrid/node/internal';
import type { FileRepository, ReceivedFile } from '../repositories/files.ts';
import { entriesOf, isArchive } from './archives.ts';
import type { GroundTruthService } from './ground-truths.ts';
import { isMaskPath, kindFrom, type Labelling, labelledBy, maskPathOf } from './image-labels.ts';
import type { AddedImage, ImageService } from './images.ts';
import { RunningWork } from './running-work.ts';

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

export interface UploadParts {
  readonly files: FileRepository;
  readonly images: ImageService;
  readonly groundTruths: GroundTruthService;
}

/** What came of a request so far. */
interface Intake extends Uploaded {
  /** Aborted when the server stops: no file after the first is taken. */
  readonly stopping: AbortSignal;
  /** Where defects are in `images`, by the paths of their masks. */
  readonly defects: Map<string, number>;
}

type ReadMask = NonNullable<Dataset['classes'][number]['test'][number]['readMask']>;

/** Most bytes of an archive. */
const MOST_BYTES = 2 ** 34;
/** Values of masks above it are defects. */
const DEFECT_ABOVE = 127;
/** Errors of one file, which do not concern the others. */
const ofOneFile: ReadonlySet<ErrorCode> = new Set([
  'IMAGE_UNREADABLE',
  'IMAGE_TOO_LARGE',
  'MASK_MISMATCH',
  'PATH_UNREADABLE',
  'REQUEST_TOO_LARGE',
  'TIMED_OUT',
  'WORKER_LOST',
]);

/** Brings images into projects: from requests, from archives, from folders. */
export class UploadService {
  readonly #parts: UploadParts;
  readonly #running = new RunningWork();

  constructor(parts: UploadParts) {
    this.#parts = parts;
  }

  /** Waits until nothing is added any more, also for clients that hung up. */
  close(): Promise<void> {
    return this.#running.isOver();
  }

  /**
   * Adds the images of a request, one after the other, then their masks, which may come in any order.
   * @param labelling of all of them; folders in names, such as `test/scratch`, take precedence
   * @param stopping ends it after the image that it is at
   * @throws NOT_FOUND; REQUEST_INVALID for a damaged archive; OUTPUT_UNWRITABLE, STORE_BUSY, SERVER_BUSY
   */
  add(
    project: string,
    files: AsyncIterable<UploadedFile> | Iterable<UploadedFile>,
    labelling: Labelling,
    stopping: AbortSignal,
  ): Promise<Uploaded> {
    const intake: Intake = { stopping, images: [], failed: [], defects: new Map() };
    return this.#running.add(this.#addFiles(project, files, labelling, intake));
  }

  /**
   * Adds the images of a folder on this machine with the labels that its layout gives. It is read, not changed.
   * @param stopping as for {@link add}
   * @throws NOT_FOUND, REQUEST_INVALID if it has several products and none was chosen; SERVER_BUSY; what `openDataset` throws
   */
  addFolder(project: string, given: FolderImport, stopping: AbortSignal): Promise<Uploaded> {
    return this.#running.add(this.#addDataset(project, given, stopping));
  }

  async #addFiles(
    project: string,
    files: AsyncIterable<UploadedFile> | Iterable<UploadedFile>,
    labelling: Labelling,
    intake: Intake,
  ): Promise<Uploaded> {
    const masks: (readonly [name: string, ReceivedFile])[] = [];
    try {
      for await (const { name, content } of files) {
        const received = await this.#parts.files.receive(content, MOST_BYTES);
        if (isMaskPath(name)) masks.push([name, received]);
        else if (await isArchive(received))
          await this.#addAll(project, received, labelling, intake);
        else {
          await this.#addImage(intake, name, labelling, (labels) =>
            this.#parts.images.addReceived(project, name, received, labels),
          );
        }
      }
      for (const [name, { path }] of masks) {
        await this.#addMask(project, intake, name, async () => createReadStream(path));
      }
    } finally {
      for (const [, received] of masks) await this.#parts.files.discard(received);
    }
    return intake;
  }

  async #addDataset(
    project: string,
    { folder, product }: FolderImport,
    stopping: AbortSignal,
  ): Promise<Uploaded> {
    const { training, test } = productOf(await openDataset(folder), product);
    const uploaded: Omit<Intake, 'defects'> = { stopping, images: [], failed: [] };
    const add = (path: string, labelling: Labelling, readMask?: ReadMask) =>
      collect(uploaded, path, async () => {
        const content = await readFrom(path);
        const count = uploaded.images.push(
          await this.#parts.images.add(project, path, content, labelling),
        );
        if (readMask) await this.#fill(project, uploaded, count - 1, () => encoded(readMask));
      });
    for (const { path } of training) await add(path, { label: 'normal', split: 'train' });
    for (const { path, defect, readMask } of test) {
      const isGood = defect === 'good';
      if (isGood) await add(path, { label: 'normal', split: 'test' });
      else await add(path, { label: 'defect', kind: kindFrom(defect) }, readMask);
    }
    return uploaded;
  }

  /** Adds the images in an archive, then their masks, and discards it. */
  async #addAll(
    project: string,
    received: ReceivedFile,
    labelling: Labelling,
    intake: Intake,
  ): Promise<void> {
    try {
      for await (const { name, open } of entriesOf(received)) {
        if (isMaskPath(name)) continue;
        await this.#addImage(intake, name, labelling, async (labels) =>
          this.#parts.images.add(project, name, await open(), labels),
        );
      }
      for await (const { name, open } of entriesOf(received)) {
        if (isMaskPath(name)) await this.#addMask(project, intake, name, open);
      }
    } finally {
      await this.#parts.files.discard(received);
    }
  }

  /** @param labelling of an image whose folders give none */
  async #addImage(
    intake: Intake,
    name: string,
    labelling: Labelling,
    add: (labels: Labelling) => Promise<AddedImage>,
  ): Promise<void> {
    const own = labelledBy(name);
    await collect(intake, name, async () => {
      const count = intake.images.push(await add(own ?? labelling));
      if (own?.label === 'defect') intake.defects.set(maskPathOf(name), count - 1);
    });
  }

  /** Sets the mask of an image of the request, or of one that came before. */
  async #addMask(
    project: string,
    intake: Intake,
    name: string,
    open: () => Promise<Readable>,
  ): Promise<void> {
    await collect(intake, name, async () => {
      const at = intake.defects.get(name);
      if (at !== undefined) return this.#fill(project, intake, at, open);
      const { id } = this.#parts.images.ofMask(project, name) ?? failToMatch(name);
      const image = await this.#parts.groundTruths.fill(project, id, open);
      intake.images.push({ ...image, isNew: false });
    });
  }

  /** Sets the mask of an image that was added. @param at its place among those */
  async #fill(
    project: string,
    { images }: Uploaded,
    at: number,
    open: () => Promise<Readable>,
  ): Promise<void> {
    const { id, isNew } = images[at] as AddedImage;
    images[at] = { ...(await this.#parts.groundTruths.fill(project, id, open)), isNew };
  }
}

/** Does the work on one file; its error is added to those of the others. @throws SERVER_BUSY if the server stops */
async function collect(
  { images, failed, stopping }: Omit<Intake, 'defects'>,
  name: string,
  work: () => Promise<void>,
): Promise<void> {
  if (stopping.aborted && images.length + failed.length > 0) {
    fail('SERVER_BUSY', `Expected a running server but it stops, after ${images.length} images`, {
      remedy:
        'Send it again when the server runs: what the project has by then is not added again.',
    });
  }
  try {
    await work();
  } catch (error) {
    if (!isBigridError(error) || !ofOneFile.has(error.code)) throw error;
    failed.push({ name, error });
  }
}

/** A mask as PNG, white where it counts as a defect. */
async function encoded(readMask: ReadMask): Promise<Readable> {
  const mask = await readMask();
  const data = mask.data.map((value) => (value > DEFECT_ABOVE ? 255 : 0));
  return Readable.from([await encodeMask({ ...mask, data })]);
}

function failToMatch(name: string): never {
  return fail(
    'MASK_MISMATCH',
    `Expected an image of a defect for the mask ${name} but received none`,
    {
      remedy:
        'ground_truth/KIND/NAME_mask.png is the mask of the image NAME in test/KIND, next to ground_truth: send that as well.',
    },
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
