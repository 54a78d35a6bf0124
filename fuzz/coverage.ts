import { type Profiler, Session } from 'node:inspector';

/** Which parts of our sources have run, by V8's own block coverage. */
export class Coverage {
  readonly #session = new Session();
  /** By function: 1 for each character of its source that has run. */
  readonly #covered = new Map<string, Uint8Array>();

  /** Starts to count. Code compiled earlier counts too. */
  constructor() {
    this.#session.connect();
    this.#post('Profiler.enable');
    this.#post('Profiler.startPreciseCoverage', { callCount: true, detailed: true });
  }

  /** Number of source characters that have run since the start. */
  get size(): number {
    let size = 0;
    for (const flags of this.#covered.values()) for (const flag of flags) size += flag;
    return size;
  }

  /**
   * Whether anything ran for the first time since the last call.
   * @param keep whether it counts as run from now on
   */
  isNew(keep: boolean): boolean {
    const { result } = this.#post('Profiler.takePreciseCoverage');
    let found = false;
    for (const { url, functions } of result as Profiler.ScriptCoverage[]) {
      if (!url.includes('/packages/')) continue;
      for (const { ranges } of functions) {
        if (this.#add(url, ranges, keep)) found = true;
      }
    }
    return found;
  }

  /** The first range is the whole function; later ranges are nested in earlier ones. */
  #add(url: string, ranges: readonly Profiler.CoverageRange[], keep: boolean): boolean {
    const [whole] = ranges;
    if (!whole || whole.count === 0) return false;
    const { startOffset, endOffset } = whole;
    const flags = new Uint8Array(endOffset - startOffset);
    for (const range of ranges) {
      const { startOffset: from, endOffset: to } = range;
      flags.fill(range.count > 0 ? 1 : 0, from - startOffset, to - startOffset);
    }
    const key = `${url}:${startOffset}`;
    const before = this.#covered.get(key);
    if (!before) {
      if (keep) this.#covered.set(key, flags);
      return true;
    }
    let found = false;
    for (let i = 0; i < flags.length; i++) {
      if (!flags[i] || before[i]) continue;
      found = true;
      if (keep) before[i] = 1;
    }
    return found;
  }

  #post(method: string, parameters: object = {}): { result: unknown } {
    let answer: { result: unknown } | undefined;
    // Responses in the session's own thread are synchronous.
    this.#session.post(method, parameters, (error: Error | null, result?: object) => {
      if (error) throw error;
      answer = result as { result: unknown };
    });
    return answer ?? { result: [] };
  }
}
