import { setTimeout } from 'node:timers/promises';

const FIRST = 1000;
const LONGEST = 60_000;

/** Pauses between tries, which grow from one second to one minute. */
export class Pauses {
  #next = FIRST;
  #lastEnd = performance.now();

  /** Waits. After a success that lasted for longer than the longest pause it begins with the shortest again. */
  async wait(signal: AbortSignal): Promise<void> {
    const now = performance.now();
    if (now - this.#lastEnd > LONGEST) this.#next = FIRST;
    const pause = this.#next;
    this.#next = Math.min(LONGEST, 2 * pause);
    await setTimeout(pause, undefined, { signal }).catch(() => {});
    this.#lastEnd = performance.now();
  }
}
