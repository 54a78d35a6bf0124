import type { Checkpoint } from '../ports.ts';
import {
  decode,
  encode,
  type SavedFold,
  type SavedReading,
  type SavedStage,
  type SavedTraining,
} from './saved-training.ts';

/** Between two saves. */
const SECONDS = 10;
/** Saves may take this share of the time. */
const MOST_SHARE = 0.01;

/** Saves a training from time to time, and holds what an earlier run saved. */
export class Checkpoints {
  /** Where this run begins. */
  readonly saved: SavedTraining | undefined;
  /** Of this run, once all images are read. */
  reading: SavedReading | undefined;
  /** The folds that are done, those of an earlier run first. */
  readonly crossFitted: SavedFold[];
  readonly #port: Checkpoint | undefined;
  #due: number;

  private constructor(port: Checkpoint | undefined, saved: SavedTraining | undefined) {
    this.#port = port;
    this.saved = saved;
    this.crossFitted = [...(saved?.crossFitted ?? [])];
    this.#due = performance.now() + 1000 * (port?.everySeconds ?? SECONDS);
  }

  /** @throws CHECKPOINT_INVALID */
  static async open(port: Checkpoint | undefined): Promise<Checkpoints> {
    return new Checkpoints(port, port?.saved && (await decode(port.saved)));
  }

  /** What an earlier run saved of a stage, if it is one of the fold that is under way. */
  get savedStage(): (SavedTraining & { readonly stage: SavedStage }) | undefined {
    const { saved } = this;
    if (!saved?.stage || saved.crossFitted.length !== this.crossFitted.length) return undefined;
    return { ...saved, stage: saved.stage };
  }

  /**
   * Saves if it is time to.
   * @param state the reading so far, or what follows it; called only where it is needed
   * @throws OUTPUT_UNWRITABLE
   */
  async saveIfDue(
    state: () =>
      | Pick<SavedTraining, 'reading'>
      | Pick<SavedTraining, 'stage' | 'values' | 'current'>,
  ): Promise<void> {
    const started = performance.now();
    if (!this.#port || started < this.#due) return;
    const { reading, crossFitted } = this;
    await this.#port.save(await encode({ reading, crossFitted, ...state() }));
    const ended = performance.now();
    const { everySeconds } = this.#port;
    const pause = Math.max(1000 * SECONDS, (ended - started) / MOST_SHARE);
    this.#due = ended + (everySeconds === undefined ? pause : 1000 * everySeconds);
  }
}
