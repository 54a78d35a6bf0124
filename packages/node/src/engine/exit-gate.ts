/** States of an engine's thread: it may begin to work, it works, or the process ends and it must not begin any more. */
const [FREE, WORKING, CLOSED] = [0, 1, 2];

/** Milliseconds that the end of the process waits for a thread: longer than any run, in case the thread died in one. */
const LONGEST_WAIT = 60_000;

/**
 * Lets the process end between the runs of an engine's thread alone: ONNX Runtime aborts the whole process when its thread
 * is torn down in the middle of one. Whoever opened the thread holds one, the thread another on the same memory.
 */
export class ExitGate {
  readonly memory: SharedArrayBuffer;
  readonly #state: Int32Array;

  constructor(memory = new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT)) {
    this.memory = memory;
    this.#state = new Int32Array(memory);
  }

  /** In the thread: does some work, unless the process ends. */
  async pass(work: () => Promise<void>): Promise<void> {
    if (Atomics.compareExchange(this.#state, 0, FREE, WORKING) === CLOSED) return;
    try {
      await work();
    } finally {
      Atomics.store(this.#state, 0, FREE);
      Atomics.notify(this.#state, 0);
    }
  }

  /** Waits, blocking, until the thread does nothing; it will begin nothing more. */
  close(): void {
    const deadline = performance.now() + LONGEST_WAIT;
    while (Atomics.compareExchange(this.#state, 0, FREE, CLOSED) === WORKING) {
      const left = deadline - performance.now();
      if (Atomics.wait(this.#state, 0, WORKING, left) === 'timed-out') return;
    }
  }
}

const open = new Set<ExitGate>();

function closeAll(): void {
  for (const gate of open) gate.close();
}

/** Makes the end of this process wait at a gate until it is given up. */
export function holdExit(gate: ExitGate): void {
  if (open.size === 0) process.on('exit', closeAll);
  open.add(gate);
}

export function releaseExit(gate: ExitGate): void {
  open.delete(gate);
  if (open.size === 0) process.off('exit', closeAll);
}
