/** Lets a number of calls per second pass, which may come at once if there were none before. */
export class RateLimit {
  readonly #perSecond: number;
  readonly #most: number;
  #left: number;
  #at: number;

  /** @param now ms of the process clock */
  constructor(perSecond: number, now = performance.now()) {
    this.#perSecond = perSecond;
    this.#most = Math.max(1, perSecond);
    this.#left = this.#most;
    this.#at = now;
  }

  /** Whether this call may pass. */
  take(now = performance.now()): boolean {
    const gained = ((now - this.#at) / 1000) * this.#perSecond;
    this.#left = Math.min(this.#most, this.#left + gained);
    this.#at = now;
    if (this.#left < 1) return false;
    this.#left--;
    return true;
  }
}
