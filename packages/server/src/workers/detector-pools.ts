import { DetectorPool, type PoolOptions } from './detector-pool.ts';
import type { Detectors } from './detectors.ts';
import type { DetectorFiles } from './messages.ts';

interface Opening {
  readonly promise: Promise<DetectorPool>;
  /** Once it is open. */
  pool?: DetectorPool;
}

/** Milliseconds for which processes that are not needed are kept after their last inspection. */
const KEPT_FOR = 60_000;

/** Loaded models: one pool of processes per model file and mask, so that versions with the same file share them. */
export class DetectorPools implements Detectors {
  readonly #options: PoolOptions;
  readonly #pools = new Map<string, Opening>();
  readonly #tidying: NodeJS.Timeout;

  /** @param needed the pools that stay, whether they are used or not */
  constructor(options: PoolOptions, needed: () => readonly DetectorFiles[]) {
    this.#options = options;
    this.#tidying = setInterval(() => this.#endUnused(needed()), KEPT_FOR).unref();
  }

  /** The pool of a model, opened if necessary. @throws what {@link DetectorPool.open} throws */
  open(files: DetectorFiles): Promise<DetectorPool> {
    const key = keyOf(files);
    const known = this.#pools.get(key);
    if (known) return known.promise;
    const opening: Opening = { promise: DetectorPool.open(files, this.#options) };
    this.#pools.set(key, opening);
    opening.promise.then(
      (pool) => {
        opening.pool = pool;
      },
      // The next request tries again.
      () => this.#pools.delete(key),
    );
    return opening.promise;
  }

  isOpen(files: DetectorFiles): boolean {
    return this.#pools.get(keyOf(files))?.pool !== undefined;
  }

  /** Inspections that wait for a process, over all models. */
  get waiting(): number {
    return [...this.#pools.values()].reduce((sum, { pool }) => sum + (pool?.waiting ?? 0), 0);
  }

  /** Ends all processes. */
  async dispose(): Promise<void> {
    clearInterval(this.#tidying);
    const opened = await Promise.allSettled(
      [...this.#pools.values()].map(({ promise }) => promise),
    );
    this.#pools.clear();
    await Promise.all(opened.map((pool) => pool.status === 'fulfilled' && pool.value.dispose()));
  }

  #endUnused(needed: readonly DetectorFiles[]): void {
    const kept = new Set(needed.map(keyOf));
    for (const [key, { pool }] of this.#pools) {
      if (kept.has(key) || !pool || performance.now() - pool.lastUsed < KEPT_FOR) continue;
      this.#pools.delete(key);
      void pool.retire();
    }
  }
}

function keyOf({ model, mask = '' }: DetectorFiles): string {
  return `${model}\n${mask}`;
}
