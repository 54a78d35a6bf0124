/** States of an engine's thread: it may start a run, it is running, or the process is ending and it must not start one. */
const [FREE, WORKING, CLOSED] = [0, 1, 2];

/** Longest wait for a thread at process exit, in ms: longer than any run, in case the thread died during one. */
const LONGEST_WAIT = 60_000;

/**
 * Lets the process exit only between the runs of an engine's thread: ONNX Runtime aborts the whole process if its thread is
 * torn down during one. The opener of the thread has one gate, the thread another on the same shared memory.
 */
export class ExitGate {
  readonly memory: SharedArrayBuffer;
  readonly #state: Int32Array;

  constructor(memory = new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT)) {
    this.memory = memory;
    this.#state = new Int32Array(memory);
  }

  /** Called in the thread: does some work, unless the process is ending. */
  async pass(work: () => Promise<void>): Promise<void> {
    if (Atomics.compareExchange(this.#state, 0, FREE, WORKING) === CLOSED) return;
    try {
      await work();
    } finally {
      Atomics.store(this.#state, 0, FREE);
      Atomics.notify(this.#state, 0);
    }
  }

  /** Blocks until the thread is idle, and keeps it from starting another run. */
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

/** Makes the exit of this process wait at a gate until it is released. */
export function holdExit(gate: ExitGate): void {
  if (open.size === 0) process.on('exit', closeAll);
  open.add(gate);
}

export function releaseExit(gate: ExitGate): void {
  open.delete(gate);
  if (open.size === 0) process.off('exit', closeAll);
}
