import { fail } from '@bigrid/errors';
import type { Manifest } from './bundle/manifest.ts';
import type { Detector } from './detection/detector.ts';
import { type Verdict, verdictOf } from './inspect.ts';
import type { ImageEntry } from './ports.ts';
import { imageError, readImage } from './read-image.ts';
import { ByteBudget, checkCancelled, unlessCancelled } from './work.ts';

/** Options of one call of {@link OpenDetector.inspect}. */
export interface InspectOneOptions {
  /** Aborting it rejects the call with CANCELLED; the detector stays open. */
  readonly signal?: AbortSignal | undefined;
}

/**
 * A loaded model that inspects images one by one, for any number of concurrent callers: frames of a camera, requests to
 * a server. Images wait for the engine in the order in which they were decoded; decoded ones take at most
 * 256 MiB together.
 */
export class OpenDetector<Input> {
  /** The manifest of the model file, with the threshold rules that it was opened with. */
  readonly manifest: Manifest;
  readonly #detector: Detector;
  readonly #entryOf: (input: Input) => ImageEntry;
  readonly #smallestRegion: number | undefined;
  readonly #budget = new ByteBudget();
  readonly #running = new Set<Promise<Verdict>>();
  #disposal: Promise<void> | undefined;

  /**
   * @param detector disposed of together with this
   * @param entryOf how to read what `inspect` is given
   */
  constructor(
    detector: Detector,
    manifest: Manifest,
    entryOf: (input: Input) => ImageEntry,
    smallestRegion?: number,
  ) {
    this.#detector = detector;
    this.manifest = manifest;
    this.#entryOf = entryOf;
    this.#smallestRegion = smallestRegion;
  }

  /** The score above which an image is anomalous. */
  get threshold(): number {
    return this.manifest.calibration.threshold;
  }

  /** The score above which an image is at least unsure; undefined if the model has no such threshold. */
  get unsureThreshold(): number | undefined {
    return this.manifest.calibration.unsure?.threshold;
  }

  /**
   * Inspects one image. May be called again before earlier calls have finished.
   * @param image must not change until the verdict is available
   * @throws IMAGE_UNREADABLE, IMAGE_TOO_LARGE, PATH_MISSING, PATH_UNREADABLE, OPTION_INVALID, CANCELLED, ENGINE_FAILED;
   *   DETECTOR_DISPOSED after {@link dispose}
   */
  async inspect(image: Input, { signal }: InspectOneOptions = {}): Promise<Verdict> {
    if (this.#disposal) {
      fail('DETECTOR_DISPOSED', 'Expected an open detector but received one that was disposed of');
    }
    const work = this.#inspect(this.#entryOf(image), signal);
    this.#running.add(work);
    work.catch(() => {}).finally(() => this.#running.delete(work));
    return unlessCancelled(work, signal);
  }

  async #inspect(entry: ImageEntry, signal: AbortSignal | undefined): Promise<Verdict> {
    let taken = 0;
    const takeRoom = async (bytes: number) => {
      await this.#budget.take(bytes);
      taken += bytes;
      checkCancelled(signal);
    };
    try {
      checkCancelled(signal);
      const image = await readImage(entry, takeRoom).catch((error: unknown) => {
        throw imageError(entry.path, error);
      });
      checkCancelled(signal);
      const inspection = await this.#detector.inspect(image, entry.ignored);
      return verdictOf(inspection, entry, this.manifest, this.#smallestRegion);
    } finally {
      this.#budget.giveBack(taken);
    }
  }

  /** Waits for running inspections, then frees the memory and threads of the model. Later calls do nothing. */
  dispose(): Promise<void> {
    this.#disposal ??= Promise.allSettled(this.#running).then(() => this.#detector.dispose());
    return this.#disposal;
  }

  /** As {@link dispose}, for `await using`. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.dispose();
  }
}
