import { drawHeatMap, type Manifest, mapScaleOf, type Verdict } from '@bigrid/node';
import { writeAtomically } from '@bigrid/node/internal';

/** What a heat map is drawn from. */
type Drawn = Pick<Verdict, 'image' | 'map' | 'ignored' | 'regions'>;

/** Maximum number of heat maps drawn or written at the same time. */
const AT_ONCE = 3;

/** Draws heat maps into files while other images are inspected. */
export class HeatMapWriter {
  readonly #manifest: Manifest;
  readonly #signal: AbortSignal;
  readonly #running = new Set<Promise<void>>();
  #failure: { readonly error: unknown } | undefined;

  constructor(manifest: Manifest, signal: AbortSignal) {
    this.#manifest = manifest;
    this.#signal = signal;
  }

  /**
   * Starts drawing one, after waiting for another if too many are in progress.
   * @param written called once the file is there
   * @throws OUTPUT_UNWRITABLE, CANCELLED
   */
  async add(drawn: Drawn, file: string, written?: () => Promise<void>): Promise<void> {
    if (this.#running.size >= AT_ONCE) await Promise.race(this.#running);
    this.#throwFailure();
    const work = this.#write(drawn, file)
      .then(written)
      .catch((error: unknown) => {
        this.#failure ??= { error };
      })
      .finally(() => this.#running.delete(work));
    this.#running.add(work);
  }

  /** Waits until no file is being written any more. */
  async settle(): Promise<void> {
    await Promise.all(this.#running);
  }

  /** Waits until all are written. @throws OUTPUT_UNWRITABLE, CANCELLED */
  async finish(): Promise<void> {
    await this.settle();
    this.#throwFailure();
  }

  async #write({ image, map, ignored, regions }: Drawn, file: string): Promise<void> {
    const drawing = await drawHeatMap(image, map, {
      ...mapScaleOf(this.#manifest),
      regions,
      ignored,
    });
    await writeAtomically(file, drawing, { signal: this.#signal });
  }

  #throwFailure(): void {
    if (this.#failure) throw this.#failure.error;
  }
}
