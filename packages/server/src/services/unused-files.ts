import { replayName } from '../job-files.ts';
import type { FileRepository } from '../repositories/files.ts';
import type { PreviewRepository } from '../repositories/previews.ts';
import type { ReplayRepository } from '../repositories/replays.ts';
import type { ImageService } from './images.ts';
import type { JobService } from './jobs.ts';
import type { ModelService } from './models.ts';

/** Where workers get files from, if they do not share the data folder. */
export interface SharedStore {
  /**
   * Removes what is not needed any more.
   * @param files hashes of those that stay
   * @param jobs ids of those that are not done
   * @param before ms since 1970: what was stored later stays
   */
  removeAllBut(
    files: ReadonlySet<string>,
    jobs: ReadonlySet<number>,
    before: number,
  ): Promise<void>;
}

export interface UnusedFilesParts {
  readonly files: FileRepository;
  readonly previews: PreviewRepository;
  readonly replays: ReplayRepository;
  readonly images: Pick<ImageService, 'files'>;
  readonly models: Pick<ModelService, 'files' | 'list' | 'detailed'>;
  readonly jobs: Pick<JobService, 'unfinished' | 'files'>;
  readonly store?: SharedStore | undefined;
  /** Is called if files cannot be removed. */
  readonly onError: (error: unknown) => void;
}

const HOUR = 3_600_000;
const DAY = 24 * HOUR;

/**
 * Removes files that nothing refers to any more: those of deleted images, masks, projects and versions, and those that were
 * stored when an earlier process was killed.
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
      // Images are kept before their version is added, which may wait until a worker reaches the server again.
      this.removeReplays(DAY).catch(this.#parts.onError);
      this.#removeShared(HOUR).catch(this.#parts.onError);
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

  /** Removes what workers do not need any more. @param age as in {@link remove} */
  async #removeShared(age: number): Promise<void> {
    const { images, jobs, models, store } = this.#parts;
    if (!store) return;
    const before = Date.now() - age;
    const used = new Set([...models.files(), ...images.files(), ...(await jobs.files())]);
    await store.removeAllBut(used, jobs.unfinished(), before);
  }

  /** Removes the images that trainings kept for updates of models that no version has. @param age as in {@link remove} */
  async removeReplays(age: number): Promise<void> {
    const { models, replays } = this.#parts;
    const old = await replays.keptBefore(Date.now() - age);
    if (old.length === 0) return;
    const used = new Set<string>();
    for (const { model, version } of models.list()) {
      used.add(replayName((await models.detailed(model, version)).manifest));
    }
    for (const name of old) if (!used.has(name)) await replays.remove(name);
  }
}
