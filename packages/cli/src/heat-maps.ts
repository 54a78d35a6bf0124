import type { HeatMapOptions, Manifest, Verdict } from '@bigrid/node';

/** Heat maps that are drawn or written at once. */
const AT_ONCE = 3;

/**
 * One scale for all pictures of a bundle. What good pictures reach stays almost plain, and most defects get
 * the brightest colours; the outline is where values begin that no good picture held out had.
 */
function heatMapScale({ calibration }: Manifest): HeatMapOptions {
  // A map can be 0 everywhere on good pictures; a scale needs a length.
  const threshold = Math.max(calibration.pixelThreshold, 1e-6);
  return { lowest: 0.5 * threshold, highest: 5 * threshold, threshold };
}

/** Draws heat maps into files while other pictures are inspected. */
export class HeatMapWriter {
  readonly #scale: HeatMapOptions;
  readonly #signal: AbortSignal;
  readonly #running = new Set<Promise<void>>();
  #failure: { readonly error: unknown } | undefined;

  constructor(manifest: Manifest, signal: AbortSignal) {
    this.#scale = heatMapScale(manifest);
    this.#signal = signal;
  }

  /**
   * Starts on one; waits for another first when many are under way.
   * @param written called once the file is there
   * @throws OUTPUT_UNWRITABLE, CANCELLED
   */
  async add(
    drawn: Pick<Verdict, 'picture' | 'map'>,
    file: string,
    written?: () => Promise<void>,
  ): Promise<void> {
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

  async #write({ picture, map }: Pick<Verdict, 'picture' | 'map'>, file: string): Promise<void> {
    const { drawHeatMap, writeAtomically } = await import('@bigrid/node');
    const drawing = await drawHeatMap(picture, map, this.#scale);
    await writeAtomically(file, drawing, { signal: this.#signal });
  }

  #throwFailure(): void {
    if (this.#failure) throw this.#failure.error;
  }
}
