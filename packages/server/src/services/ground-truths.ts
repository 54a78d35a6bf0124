import type { Readable } from 'node:stream';
import { fail } from '@bigrid/errors';
import type { Database } from '../database/database.ts';
import type { FileRepository, ReceivedFile } from '../repositories/files.ts';
import { ImageRepository } from '../repositories/images.ts';
import type { ImageDecoder } from '../workers/image-decoder.ts';
import { AuditLog } from './audit.ts';
import type { ImageService, ProjectImage } from './images.ts';

export interface GroundTruthParts {
  readonly database: Database;
  readonly files: FileRepository;
  readonly decoder: ImageDecoder;
  readonly images: ImageService;
  /** Most bytes of a mask. */
  readonly mostBytes: number;
}

/** Ground-truth masks of images with a defect, with which evaluations compare anomaly maps. */
export class GroundTruthService {
  readonly #parts: GroundTruthParts;
  readonly #images: ImageRepository;
  readonly #audit: AuditLog;

  constructor(parts: GroundTruthParts) {
    this.#parts = parts;
    this.#images = new ImageRepository(parts.database);
    this.#audit = new AuditLog(parts.database);
  }

  /** The mask of an image, PNG, and its SHA-256. @throws NOT_FOUND if there is none */
  read(project: string, image: number): { readonly hash: string; readonly content: Readable } {
    const hash = this.#hashOf(project, image);
    return { hash, content: this.#parts.files.read(hash) };
  }

  /**
   * Sets or replaces the mask of an image.
   * @param content PNG of the size of the image, white where the defect is
   * @throws NOT_FOUND; STATE_CONFLICT if the image is not labelled as a defect; IMAGE_UNREADABLE, MASK_MISMATCH,
   *   REQUEST_TOO_LARGE, OUTPUT_UNWRITABLE, STORE_BUSY
   */
  async set(project: string, image: number, content: Readable): Promise<ProjectImage> {
    return this.#store(project, image, content, (groundTruth) =>
      this.#audit.record('image.change', `${project}/${image}`, { groundTruth }),
    );
  }

  /**
   * Sets the mask that an image arrived with, unless it has one or is not labelled as a defect.
   * @param open called only if the mask is needed
   * @throws what {@link set} throws
   */
  async fill(project: string, image: number, open: () => Promise<Readable>): Promise<ProjectImage> {
    const before = this.#parts.images.get(project, image);
    if (before.label !== 'defect' || before.hasGroundTruth) return before;
    return this.#store(project, image, await open());
  }

  /** @throws NOT_FOUND if there is none */
  async remove(project: string, image: number): Promise<void> {
    await this.#parts.database.write(() => {
      this.#hashOf(project, image);
      this.#images.setGroundTruth(image, null);
      this.#audit.record('image.change', `${project}/${image}`, { groundTruth: null });
    });
  }

  async #store(
    project: string,
    image: number,
    content: Readable,
    record: (hash: string) => void = () => {},
  ): Promise<ProjectImage> {
    const { database, files, images, mostBytes } = this.#parts;
    const defect = this.#defect(project, image);
    const received = await files.receive(content, mostBytes);
    try {
      await this.#verify(received, defect);
      await files.store(received);
      await database.write(() => {
        // It may have been deleted or labelled meanwhile.
        this.#defect(project, image);
        this.#images.setGroundTruth(image, received.hash);
        record(received.hash);
      });
    } finally {
      await files.discard(received);
    }
    return images.get(project, image);
  }

  #defect(project: string, image: number): ProjectImage {
    const found = this.#parts.images.get(project, image);
    if (found.label === 'defect') return found;
    return fail(
      'STATE_CONFLICT',
      `Expected an image labelled as a defect for a ground truth but received ${found.name}, ${found.label === null ? 'which has no label' : 'labelled normal'}`,
      { remedy: 'Label the image as a defect first: a normal image has no ground truth.' },
    );
  }

  async #verify({ path }: ReceivedFile, { name, width, height }: ProjectImage): Promise<void> {
    const mask = await this.#parts.decoder.decode({ image: path, name: `the mask of ${name}` });
    if (mask.format !== 'PNG') {
      fail(
        'IMAGE_UNREADABLE',
        `Expected a PNG as the mask of ${name} but received ${mask.format}`,
        {
          remedy: 'Save the mask as PNG, white where the defect is.',
        },
      );
    }
    if (mask.width !== width || mask.height !== height) {
      fail(
        'MASK_MISMATCH',
        `Expected a mask of ${width} x ${height} for ${name} but received ${mask.width} x ${mask.height}`,
      );
    }
  }

  #hashOf(project: string, image: number): string {
    const { name, groundTruth } = this.#parts.images.get(project, image);
    return (
      groundTruth ??
      fail('NOT_FOUND', `Expected a ground truth of ${name} but it has none`, {
        remedy: 'Send a mask with PUT.',
      })
    );
  }
}
