import { type Signal, signal } from '@preact/signals';
import { ApiError, request } from '../api/client.ts';
import type { Image, UploadedImages } from '../api/types.ts';
import { upload } from '../api/upload.ts';
import { bodyOf, type ChosenFile, hashOf, isReadable, sizeOf, sizesOf } from './chosen-files.ts';
import type { Labelling } from './images.ts';
import { tellError, wordsOf } from './notices.ts';
import { loadProjects, projectPath } from './projects.ts';
import { fileGone, isOfOneFile, isPassing } from './upload-errors.ts';

/** A file to upload, with its label if its folders give none. */
interface QueuedFile extends ChosenFile {
  readonly labelling: Labelling;
}

export interface FailedFile {
  readonly path: string;
  readonly text: string;
  readonly remedy: string;
}

export interface UploadProgress {
  /** `waiting`: for a server that does not answer. */
  readonly state: 'idle' | 'running' | 'waiting' | 'paused';
  readonly files: number;
  readonly done: number;
  readonly bytes: number;
  readonly bytesDone: number;
  /** Files that the project had already. */
  readonly known: number;
  readonly secondsLeft: number | undefined;
  readonly failed: readonly FailedFile[];
}

const nothing: UploadProgress = {
  state: 'idle',
  files: 0,
  done: 0,
  bytes: 0,
  bytesDone: 0,
  known: 0,
  secondsLeft: undefined,
  failed: [],
};

/** Files that are sent at the same time. */
const PARALLEL = 4;
/** Files whose hashes one request asks about. */
const BATCH = 64;
/** Milliseconds between two reports. */
const REPORT = 200;
/** Milliseconds until a server is asked again that did not answer, at first and at most. */
const [FIRST_WAIT, LONGEST_WAIT] = [500, 15_000];

/** Uploads files to a project, some at a time; continues while other pages are open. */
export class UploadQueue {
  readonly progress: Signal<UploadProgress> = signal(nothing);
  readonly #project: string;
  readonly #listeners = new Set<(images: readonly Image[]) => void>();
  #files: QueuedFile[] = [];
  #isRunning = false;
  #isCancelled = false;
  #runs = 0;
  /** Aborted to pause. */
  #round = new AbortController();
  #resumed = Promise.withResolvers<void>();
  /** Bytes of files that are being sent. */
  readonly #underway = new Map<QueuedFile, number>();
  #sent = 0;
  #added: Image[] = [];
  #reporting: ReturnType<typeof setTimeout> | undefined;
  /** When the bytes were counted from which the time left follows. */
  #since = { time: 0, bytes: 0 };

  constructor(project: string) {
    this.#project = project;
  }

  /** @param listener is called with images as they arrive, also those that were there already. @returns ends that */
  onImages(listener: (images: readonly Image[]) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** @param labelling of images whose folders give none */
  add(chosen: readonly ChosenFile[], labelling: Labelling): void {
    if (chosen.length === 0) return;
    const files = chosen.map((file) => ({ ...file, labelling }));
    const before = this.progress.value;
    const { failed } = before;
    const start = this.#isRunning ? before : { ...nothing, failed };
    if (!this.#isRunning) this.#sent = 0;
    for (const queued of files) this.#files.push(queued);
    this.#change({
      ...start,
      files: start.files + files.length,
      state: start.state === 'idle' ? 'running' : start.state,
    });
    if (!this.#isRunning) this.#run().catch(tellError);
    this.#countBytes(files).catch(tellError);
  }

  async #countBytes(files: readonly QueuedFile[]): Promise<void> {
    const run = this.#runs;
    for await (const bytes of sizesOf(files)) {
      if (run !== this.#runs) return;
      this.#change({ bytes: this.progress.value.bytes + bytes });
    }
  }

  /** Stops what is being sent; it is sent again later. */
  pause(): void {
    this.#change({ state: 'paused', secondsLeft: undefined });
    this.#round.abort(new DOMException('paused', 'AbortError'));
  }

  /** Continues, or asks a server again that did not answer. */
  resume(): void {
    if (this.#round.signal.aborted) this.#round = new AbortController();
    this.#measure();
    this.#change({ state: 'running' });
    this.#resumed.resolve();
    this.#resumed = Promise.withResolvers();
  }

  /** Forgets what is left to send. */
  cancel(): void {
    this.#files = [];
    this.#isCancelled = true;
    this.pause();
    this.resume();
  }

  dismiss(files: readonly FailedFile[]): void {
    const { failed } = this.progress.value;
    this.#change({ failed: failed.filter((file) => !files.includes(file)) });
  }

  async #run(): Promise<void> {
    this.#isRunning = true;
    this.#isCancelled = false;
    this.#runs++;
    this.#measure();
    try {
      while (this.#files.length > 0) await this.#sendBatch(this.#files.splice(0, BATCH));
    } finally {
      this.#isRunning = false;
      this.#report();
      this.#change({ state: 'idle', secondsLeft: undefined });
      await loadProjects();
    }
  }

  async #sendBatch(batch: QueuedFile[]): Promise<void> {
    const left = await this.#unknown(batch);
    const sendOneByOne = async () => {
      for (let file = left.shift(); file; file = left.shift()) await this.#send(file);
    };
    await Promise.all(Array.from({ length: PARALLEL }, sendOneByOne));
  }

  /** The files that the project does not have yet. */
  async #unknown(batch: QueuedFile[]): Promise<QueuedFile[]> {
    const hashes = new Map<QueuedFile, string>();
    for (const queued of batch) {
      // The project may have the image, but not its mask.
      if (queued.mask) continue;
      const hash = await hashOf(queued.file);
      if (hash !== undefined) hashes.set(queued, hash);
    }
    if (hashes.size === 0) return batch;
    const body = { sha256: [...new Set(hashes.values())] };
    const path = projectPath(this.#project, '/images/known');
    const answer = await this.#persist(() =>
      request<{ images: Image[] }>(path, { method: 'POST', body, signal: this.#round.signal }),
    );
    const images = answer?.images ?? [];
    this.#added.push(...images);
    const known = new Set(images.map(({ file }) => file));
    return batch.filter((queued) => {
      const isKnown = known.has(hashes.get(queued) ?? '');
      if (isKnown) this.#finish(queued, { known: this.progress.value.known + 1 });
      return !isKnown;
    });
  }

  async #send(queued: QueuedFile): Promise<void> {
    const { path: name, labelling } = queued;
    try {
      const uploaded = await this.#persist(async () => {
        const path = projectPath(this.#project, '/images');
        return upload<UploadedImages>(path, bodyOf(queued), {
          query: { ...labelling, name },
          onProgress: (bytes) => {
            this.#underway.set(queued, bytes);
            this.#reportSoon();
          },
          signal: this.#round.signal,
        });
      }, queued);
      const added = uploaded?.images ?? [];
      this.#added.push(...added);
      const failed = (uploaded?.failed ?? []).map(({ name: path, ...error }) =>
        failedFile(path, new ApiError(0, error)),
      );
      const before = this.progress.value;
      this.#finish(queued, {
        failed: [...before.failed, ...failed],
        known: before.known + added.filter(({ isNew }) => !isNew).length,
      });
    } catch (error) {
      const failed = [...this.progress.value.failed, failedFile(name, error)];
      this.#finish(queued, { failed });
    }
  }

  /**
   * Repeats a request until it is answered.
   * @returns undefined if what is left was cancelled
   * @throws ApiError for an answer that is about the file
   */
  async #persist<T>(attempt: () => Promise<T>, queued?: QueuedFile): Promise<T | undefined> {
    for (let wait = FIRST_WAIT; ; wait = Math.min(LONGEST_WAIT, 2 * wait)) {
      if (this.progress.value.state === 'paused') await this.#resumed.promise;
      if (this.#isCancelled) return undefined;
      try {
        const answer = await attempt();
        if (this.progress.value.state === 'waiting') this.resume();
        return answer;
      } catch (error) {
        if (!(error instanceof ApiError)) {
          // Paused.
          if (this.#round.signal.aborted || error === this.#round.signal.reason) continue;
          throw error;
        }
        if (isOfOneFile(error)) throw error;
        if (queued && !(await isReadable(queued))) throw fileGone();
        if (error.status === 404) throw error;
        if (!isPassing(error)) {
          tellError(error);
          if (this.progress.value.state !== 'paused') this.pause();
          continue;
        }
        this.#change({ state: 'waiting' });
        await this.#untilRetry(wait);
      }
    }
  }

  /** Until it is time, the network is back, or someone asks to go on. */
  async #untilRetry(wait: number): Promise<void> {
    const over = new AbortController();
    const { promise, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(resolve, wait);
    addEventListener('online', () => resolve(), { signal: over.signal });
    await Promise.race([promise, this.#resumed.promise]);
    clearTimeout(timer);
    over.abort();
  }

  #finish(queued: QueuedFile, part: Partial<UploadProgress>): void {
    this.#underway.delete(queued);
    this.#sent += sizeOf(queued);
    this.#change({ ...part, done: this.progress.value.done + 1 });
    this.#reportSoon();
  }

  #measure(): void {
    this.#since = { time: performance.now(), bytes: this.#sent };
  }

  #reportSoon(): void {
    this.#reporting ??= setTimeout(() => this.#report(), REPORT);
  }

  #report(): void {
    clearTimeout(this.#reporting);
    this.#reporting = undefined;
    const added = this.#added.splice(0);
    if (added.length > 0) for (const listener of this.#listeners) listener(added);
    const bytesDone = [...this.#underway.values()].reduce((sum, bytes) => sum + bytes, this.#sent);
    const { bytes } = this.progress.value;
    const seconds = (performance.now() - this.#since.time) / 1000;
    const rate = (bytesDone - this.#since.bytes) / seconds;
    const secondsLeft = seconds > 1 && rate > 0 ? (bytes - bytesDone) / rate : undefined;
    this.#change({ bytesDone: Math.min(bytes, bytesDone), secondsLeft });
  }

  #change(part: Partial<UploadProgress>): void {
    this.progress.value = { ...this.progress.value, ...part };
  }
}

function failedFile(path: string, error: unknown): FailedFile {
  return { path, remedy: '', ...wordsOf(error) };
}
