/** Work that goes on if nobody waits for it, and has to be over before what it needs is closed. */
export class RunningWork {
  readonly #all = new Set<Promise<unknown>>();

  add<Result>(work: Promise<Result>): Promise<Result> {
    this.#all.add(work);
    const remove = () => this.#all.delete(work);
    work.then(remove, remove);
    return work;
  }

  async isOver(): Promise<void> {
    await Promise.allSettled(this.#all);
  }
}
