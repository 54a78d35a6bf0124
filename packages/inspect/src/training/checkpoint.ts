import type { Checkpoint } from '../ports.ts';
import {
  decode,
  encode,
  type SavedFold,
  type SavedReading,
  type SavedStage,
  type SavedTraining,
} from './saved-training.ts';

/** Minimum time between two saves. */
const SECONDS = 10;
/** Maximum share of the time that saving may take. */
const MOST_SHARE = 0.01;

/** Saves the progress of a training at intervals, and holds what an earlier run saved. */
export class Checkpoints {
  /** The state to resume from. */
  readonly saved: SavedTraining | undefined;
  /** Set once all images are read. */
  reading: SavedReading | undefined;
  /** Folds that are done, including those of an earlier run. */
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

  /** The saved state of a stage, if it belongs to the current fold. */
  get savedStage(): (SavedTraining & { readonly stage: SavedStage }) | undefined {
    const { saved } = this;
    if (!saved?.stage || saved.crossFitted.length !== this.crossFitted.length) return undefined;
    return { ...saved, stage: saved.stage };
  }

  /**
   * Saves if it is due.
   * @param state gives the progress of reading or of a stage; called only if needed
   * @throws OUTPUT_UNWRITABLE
   */
  async saveIfDue(
    state: () => Promise<
      Pick<SavedTraining, 'reading'> | Pick<SavedTraining, 'stage' | 'values' | 'current'>
    >,
  ): Promise<void> {
    const started = performance.now();
    if (!this.#port || started < this.#due) return;
    const { reading, crossFitted } = this;
    await this.#port.save(await encode({ reading, crossFitted, ...(await state()) }));
    const ended = performance.now();
    const { everySeconds } = this.#port;
    const pause = Math.max(1000 * SECONDS, (ended - started) / MOST_SHARE);
    this.#due = ended + (everySeconds === undefined ? pause : 1000 * everySeconds);
  }
}
