import { open } from 'node:fs/promises';
import { scoresIn } from '../job-files.ts';
import type { ImageScore } from '../repositories/scores.ts';

/** Stores the scores that a job writes to its file, while it goes on. */
export class ScoreIntake {
  readonly #path: string;
  readonly #store: (scores: readonly ImageScore[]) => Promise<void>;
  #taken = 0;
  #last = Promise.resolve();

  /** @param path of the file, which need not exist yet */
  constructor(path: string, store: (scores: readonly ImageScore[]) => Promise<void>) {
    this.#path = path;
    this.#store = store;
  }

  /** Stores what was written since the last time. @throws what storing throws, then and from then on */
  take(): Promise<void> {
    this.#last = this.#last.then(() => this.#next());
    return this.#last;
  }

  async #next(): Promise<void> {
    const text = await this.#rest();
    const end = text.lastIndexOf('\n') + 1;
    if (end === 0) return;
    await this.#store(scoresIn(text.slice(0, end)));
    this.#taken += end;
  }

  /** The lines have one byte per character. */
  async #rest(): Promise<string> {
    const file = await open(this.#path).catch(() => undefined);
    if (!file) return '';
    try {
      const { size } = await file.stat();
      const rest = Buffer.alloc(size - this.#taken);
      const { bytesRead } = await file.read(rest, 0, rest.length, this.#taken);
      return rest.toString('latin1', 0, bytesRead);
    } finally {
      await file.close();
    }
  }
}
