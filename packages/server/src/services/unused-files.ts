import type { FileRepository } from '../repositories/files.ts';
import type { PreviewRepository } from '../repositories/previews.ts';
import type { ImageService } from './images.ts';
import type { ModelService } from './models.ts';

export interface UnusedFilesParts {
  readonly files: FileRepository;
  readonly previews: PreviewRepository;
  readonly images: Pick<ImageService, 'files'>;
  readonly models: Pick<ModelService, 'files'>;
  /** Is called if files cannot be removed. */
  readonly onError: (error: unknown) => void;
}

const HOUR = 3_600_000;

/**
 * Removes files that nothing refers to any more: those of deleted images, projects and versions, and those that were stored when
 * an earlier process was killed.
 */
export class UnusedFiles {
  readonly #parts: UnusedFilesParts;
  #timer: NodeJS.Timeout | undefined;

  constructor(parts: UnusedFilesParts) {
    this.#parts = parts;
  }

  /** Removes what an earlier process left, before anything else is stored; from then on, looks every hour. */
  async start(): Promise<void> {
    await this.remove(0);
    this.#timer = setInterval(() => {
      // A file is stored before something refers to it.
      this.remove(HOUR).catch(this.#parts.onError);
    }, HOUR).unref();
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  /** @param age ms for which a file has to have been there */
  async remove(age: number): Promise<void> {
    const { files, previews, images, models } = this.#parts;
    const ofImages = images.files();
    await files.removeAllBut(new Set([...models.files(), ...ofImages]), Date.now() - age);
    await previews.removeAllBut(ofImages);
  }
}
