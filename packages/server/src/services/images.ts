import { Readable } from 'node:stream';
import { fail } from '@bigrid/errors';
import type { Database } from '../database/database.ts';
import type { FileRepository, ReceivedFile } from '../repositories/files.ts';
import { type ImageFilter, ImageRepository, type ImageRow } from '../repositories/images.ts';
import type { PreviewRepository } from '../repositories/previews.ts';
import type { ImageDecoder } from '../workers/image-decoder.ts';
import { AuditLog } from './audit.ts';
import { exportZip } from './export.ts';
import { imagePathOf, type Labelling, maskPathOf, relabelled, unlabelled } from './image-labels.ts';
import { numbered, safeName } from './image-names.ts';
import type { ProjectService } from './projects.ts';

/** An image of a project. */
export interface ProjectImage
  extends Omit<ImageRow, 'project' | 'created_at' | 'ground_truth' | 'path'> {
  readonly createdAt: string;
  /** SHA-256 of the mask, PNG, white where the defect is; null for images without a defect. */
  readonly groundTruth: string | null;
  readonly hasGroundTruth: boolean;
}

/** An image that arrived; `isNew` is false if the project had its content already. */
export interface AddedImage extends ProjectImage {
  readonly isNew: boolean;
}

export interface ImagePage {
  readonly images: ProjectImage[];
  /** Number of images on all pages. */
  readonly total: number;
  /** Where the next page begins; null on the last. */
  readonly next: number | null;
}

/** A stream whose images go to a project. */
export interface StreamOfImages {
  /** Number of the stream. */
  readonly id: number;
  readonly project: string;
  /** Unlabelled images of it that the project keeps. */
  readonly latest: number;
}

export interface ImageServiceParts {
  readonly database: Database;
  readonly files: FileRepository;
  readonly previews: PreviewRepository;
  readonly decoder: ImageDecoder;
  readonly projects: ProjectService;
  /** Most bytes of an image. */
  readonly mostBytes: number;
}

/** More images than a project can have. */
const MOST = Number.MAX_SAFE_INTEGER;

/** The images of projects: stored once by their content, decoded once when they arrive. */
export class ImageService {
  readonly #parts: ImageServiceParts;
  readonly #images: ImageRepository;
  readonly #audit: AuditLog;

  constructor(parts: ImageServiceParts) {
    this.#parts = parts;
    this.#images = new ImageRepository(parts.database);
    this.#audit = new AuditLog(parts.database);
  }

  /**
   * Adds an image. One that the project has already keeps its labels.
   * @param name as the client calls it; the image gets a similar one that is free
   * @throws NOT_FOUND, IMAGE_UNREADABLE, IMAGE_TOO_LARGE, REQUEST_TOO_LARGE, OUTPUT_UNWRITABLE, STORE_BUSY
   */
  async add(
    project: string,
    name: string,
    content: Readable,
    labelling: Labelling,
  ): Promise<AddedImage> {
    this.#parts.projects.find(project);
    const received = await this.#parts.files.receive(content, this.#parts.mostBytes);
    return this.addReceived(project, name, received, labelling);
  }

  /** Like {@link add}, for a file on disk, which is stored or discarded. */
  async addReceived(
    project: string,
    name: string,
    received: ReceivedFile,
    labelling: Labelling,
  ): Promise<AddedImage> {
    const { database, files, projects, mostBytes } = this.#parts;
    try {
      if (received.bytes > mostBytes) {
        fail(
          'REQUEST_TOO_LARGE',
          `Expected at most ${mostBytes} bytes for ${name} but received ${received.bytes}`,
        );
      }
      const { id } = projects.find(project);
      const before = this.#images.findFile(id, received.hash);
      if (before) return { ...describe(before), isNew: false };
      const facts = await this.#factsOf(received, name);
      await files.store(received);
      return await database.write(() => {
        const labels = relabelled(unlabelled, labelling);
        const path = name.includes('/') ? name : null;
        const added = { ...facts, ...labels, project: projects.find(project).id, name, path };
        return this.#insert(added, received);
      });
    } finally {
      await files.discard(received);
    }
  }

  /**
   * Adds an image of a stream for a person to label, and deletes the oldest of those that nobody has labelled.
   * @param latest number of unlabelled images of the stream that the project keeps
   * @throws what {@link add} throws
   */
  async addOfStream(
    { id: stream, project, latest }: StreamOfImages,
    name: string,
    content: Uint8Array,
  ): Promise<void> {
    const added = await this.add(project, name, Readable.from([content]), {});
    if (!added.isNew) return;
    await this.#parts.database.write(() => {
      const { id } = this.#parts.projects.find(project);
      // It may have been deleted meanwhile.
      if (!this.#images.find(id, added.id)) return;
      this.#images.setStream(added.id, stream);
      for (const old of this.#images.unlabelledOf(stream, id, latest)) this.#images.remove(old.id);
    });
  }

  /** @param after the page begins after it: `next` of the page before. @throws NOT_FOUND */
  list(project: string, filter: ImageFilter, after: number, limit: number): ImagePage {
    const { id } = this.#parts.projects.find(project);
    const rows = this.#images.list(id, filter, after, limit + 1);
    const images = rows.slice(0, limit).map(describe);
    const next = rows.length > limit ? (images.at(-1)?.id ?? null) : null;
    return { images, total: this.#images.count(id, filter), next };
  }

  /** Those of some files that a project has, by their SHA-256. @throws NOT_FOUND */
  known(project: string, hashes: readonly string[]): ProjectImage[] {
    const { id } = this.#parts.projects.find(project);
    return this.#images.known(id, JSON.stringify(hashes)).map(describe);
  }

  /** The image that a mask is of, by the paths that both arrived with. @throws NOT_FOUND */
  ofMask(project: string, path: string): ProjectImage | undefined {
    const { id } = this.#parts.projects.find(project);
    const found = this.#images
      .arrivedAs(id, imagePathOf(path) ?? '')
      .find((row) => row.path !== null && maskPathOf(row.path) === path);
    return found && describe(found);
  }

  /** @throws NOT_FOUND */
  get(project: string, image: number): ProjectImage {
    return describe(this.#find(project, image));
  }

  /** Labels images, all or none. @throws NOT_FOUND */
  async label(project: string, ids: readonly number[], change: Labelling): Promise<ProjectImage[]> {
    await this.#parts.database.write(() => {
      for (const id of ids) {
        this.#images.setLabel(id, relabelled(this.#find(project, id), change));
      }
      this.#audit.record('image.label', project, { images: ids, ...change });
    });
    return ids.map((id) => this.get(project, id));
  }

  /** @throws NOT_FOUND */
  async remove(project: string, image: number): Promise<void> {
    await this.#parts.database.write(() => {
      const { id, file } = this.#find(project, image);
      this.#images.remove(id);
      this.#audit.record('image.delete', `${project}/${id}`, { file });
    });
  }

  /** The file as it was received. @throws NOT_FOUND */
  original(
    project: string,
    image: number,
  ): { readonly row: ProjectImage; readonly content: Readable } {
    const row = this.get(project, image);
    return { row, content: this.#parts.files.read(row.file) };
  }

  /** A small copy, WebP. @throws NOT_FOUND */
  async preview(project: string, image: number): Promise<Uint8Array> {
    const { files, previews, decoder } = this.#parts;
    const { file, name } = this.#find(project, image);
    const known = await previews.read(file);
    if (known) return known;
    const { preview } = await decoder.decode({ image: files.pathOf(file), name });
    await previews.write(file, preview);
    return preview;
  }

  /** The labelled images as a zip archive in the layout of MVTec AD. @throws NOT_FOUND */
  exported(project: string): Readable {
    const labelled = this.all(project).filter(({ label }) => label !== null);
    return exportZip(labelled, (hash) => this.#parts.files.read(hash));
  }

  /** All images of a project, oldest first. @throws NOT_FOUND */
  all(project: string): ProjectImage[] {
    const { id } = this.#parts.projects.find(project);
    return this.#images.list(id, {}, 0, MOST).map(describe);
  }

  /** Path of the file of an image, which must not be changed. */
  pathOf({ file }: Pick<ProjectImage, 'file'>): string {
    return this.#parts.files.pathOf(file);
  }

  /** Hashes of the files that any project refers to. */
  files(): Set<string> {
    return this.#images.files();
  }

  #find(project: string, image: number): ImageRow {
    const { id } = this.#parts.projects.find(project);
    return (
      this.#images.find(id, image) ??
      fail(
        'NOT_FOUND',
        `Expected an image of ${project} but received ${image}, which does not exist`,
      )
    );
  }

  /** Format and size; the file is decoded unless another project has it. */
  async #factsOf({ path, hash }: ReceivedFile, name: string) {
    const known = this.#images.findAnywhere(hash);
    if (known) return { format: known.format, width: known.width, height: known.height };
    const { preview, ...facts } = await this.#parts.decoder.decode({ image: path, name });
    await this.#parts.previews.write(hash, preview);
    return facts;
  }

  #insert(
    row: Omit<ImageRow, 'id' | 'file' | 'bytes' | 'created_at' | 'ground_truth'>,
    { hash, bytes }: ReceivedFile,
  ): AddedImage {
    const { project } = row;
    // The same file may have arrived twice at once.
    const before = this.#images.findFile(project, hash);
    if (before) return { ...describe(before), isNew: false };
    const name = this.#freeName(project, safeName(row.name, row.format));
    this.#images.add({ ...row, name, file: hash, bytes, created_at: new Date().toISOString() });
    return { ...describe(this.#images.findFile(project, hash) as ImageRow), isNew: true };
  }

  #freeName(project: number, name: string): string {
    let free = name;
    // Not from 2 upwards: cameras give the same name to every image.
    for (let number = this.#images.latest() + 1; this.#images.hasName(project, free); number++) {
      free = numbered(name, number);
    }
    return free;
  }
}

function describe(image: ImageRow): ProjectImage {
  const { project: _, created_at: createdAt, ground_truth: mask, path: __, ...row } = image;
  const groundTruth = row.label === 'defect' ? mask : null;
  return { ...row, createdAt, groundTruth, hasGroundTruth: groundTruth !== null };
}
