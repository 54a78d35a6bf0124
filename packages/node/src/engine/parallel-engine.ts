import { availableParallelism } from 'node:os';
import { extname } from 'node:path';
import { Worker } from 'node:worker_threads';
import { BigridError, type ErrorCode, fail } from '@bigrid/errors';
import type { Engine, Session, Tensor, Tensors } from '@bigrid/graph';
import { type EngineOptions, onnxRuntimeEngine } from './engine.ts';

/** What a thread is asked: to load a model, to run what it has loaded, or one after the other; `end` is the last. */
export type Request = Work | 'end';

export interface Work {
  readonly session: number;
  readonly model?: Uint8Array | undefined;
  readonly inputs?: Tensors | undefined;
}

/** Inputs come back, for the next ones of their size. */
export type Answer =
  | { readonly outputs: Tensors; readonly inputs?: Tensors | undefined }
  | { readonly code: ErrorCode; readonly message: string };

/**
 * An engine for many small runs of one graph, as in inspecting pictures: each run takes one core, and as many runs go on
 * at once as there are threads. Two cores that share one picture wait for each other at every layer; with a picture each
 * they do not, and the event loop is free meanwhile. On other devices than the processor, and with one thread,
 * {@link onnxRuntimeEngine}. Its threads end with its last session.
 * @throws DEVICE_MISSING
 */
export function parallelEngine(options: EngineOptions = {}): Engine {
  const plain = onnxRuntimeEngine(options);
  const { threads = availableParallelism(), device = 'cpu' } = options;
  if (threads === 1 || device !== 'cpu') return plain;
  const pool = new ThreadPool(threads);
  let number = 0;
  return {
    description: plain.description,
    runsAtOnce: threads,
    async load(model) {
      const session = new ParallelSession(pool, number++, model);
      await session.open();
      return session;
    },
  };
}

class ParallelSession implements Session {
  readonly #pool: ThreadPool;
  readonly #number: number;
  readonly #model: Uint8Array;
  #isDisposed = false;

  constructor(pool: ThreadPool, number: number, model: Uint8Array) {
    this.#pool = pool;
    this.#number = number;
    this.#model = model;
  }

  /** One thread is enough to know whether the model loads. */
  async open(): Promise<void> {
    this.#pool.users++;
    try {
      await this.#pool.ask(this.#number, this.#model, undefined);
    } catch (error) {
      await this.dispose();
      throw error;
    }
  }

  async run(inputs: Tensors): Promise<Tensors> {
    // A picture that was being decoded when work was stopped must not start a thread that nobody ends.
    if (this.#isDisposed) throw engineEnded();
    return this.#pool.ask(this.#number, this.#model, inputs);
  }

  async dispose(): Promise<void> {
    this.#isDisposed = true;
    if (--this.#pool.users === 0) await this.#pool.end();
  }
}

function engineEnded(): BigridError {
  return new BigridError(
    'ENGINE_FAILED',
    'Expected to run a graph but its session was disposed of',
  );
}

/** Threads, started when they are needed, and those who wait for one. */
class ThreadPool {
  users = 0;
  readonly #most: number;
  readonly #threads: Thread[] = [];
  readonly #idle: Thread[] = [];
  readonly #waiting: PromiseWithResolvers<Thread>[] = [];

  constructor(most: number) {
    this.#most = most;
  }

  async ask(session: number, model: Uint8Array, inputs: Tensors | undefined): Promise<Tensors> {
    const thread = await this.#take();
    try {
      return await thread.ask(session, model, inputs);
    } finally {
      // A thread that was ended meanwhile serves nobody any more.
      if (this.#threads.includes(thread)) {
        const next = this.#waiting.shift();
        if (next) next.resolve(thread);
        else this.#idle.push(thread);
      }
    }
  }

  async end(): Promise<void> {
    this.#idle.length = 0;
    for (const turn of this.#waiting.splice(0)) turn.reject(engineEnded());
    await Promise.all(this.#threads.splice(0).map((thread) => thread.end()));
  }

  #take(): Thread | Promise<Thread> {
    const idle = this.#idle.pop();
    if (idle) return idle;
    if (this.#threads.length < this.#most) {
      const thread = new Thread();
      this.#threads.push(thread);
      return thread;
    }
    const turn = Promise.withResolvers<Thread>();
    this.#waiting.push(turn);
    return turn.promise;
  }
}

class Thread {
  readonly #worker = new Worker(
    new URL(`./engine-worker${extname(import.meta.url)}`, import.meta.url),
  );
  readonly #ended: Promise<unknown>;
  readonly #loaded = new Set<number>();
  #spare: Tensors | undefined;
  #asked: PromiseWithResolvers<Answer> | undefined;
  #hasEnded = false;

  constructor() {
    this.#worker.on('message', (answer: Answer) => this.#asked?.resolve(answer));
    // What a thread dies of is no error of the registry: whoever waits hears that it ended.
    this.#ended = new Promise((resolve) => {
      this.#worker.on('error', resolve).once('exit', resolve);
    }).then(() => {
      this.#hasEnded = true;
      this.#asked?.reject(engineEnded());
    });
  }

  async ask(session: number, model: Uint8Array, inputs: Tensors | undefined): Promise<Tensors> {
    if (this.#hasEnded) throw engineEnded();
    const request: Work = {
      session,
      model: this.#loaded.has(session) ? undefined : model,
      inputs: inputs && copyInto(this.#spare, inputs),
    };
    this.#worker.postMessage(request, buffersOf(request.inputs));
    // Not a race with the end of the thread: that would keep every answer until then.
    this.#asked = Promise.withResolvers<Answer>();
    const answer = await this.#asked.promise;
    this.#asked = undefined;
    if ('code' in answer) return fail(answer.code, answer.message);
    this.#loaded.add(session);
    this.#spare = answer.inputs;
    return answer.outputs;
  }

  /** Lets it finish what it does: an engine that is torn down in the middle of a run takes the process with it. */
  async end(): Promise<void> {
    this.#worker.postMessage('end' satisfies Request);
    await this.#ended;
  }
}

/**
 * Copies tensors that are to be handed over, for the caller keeps its own: into those that came back where they fit. What
 * threads make anew for each picture grows to hundreds of megabytes before anything collects it.
 */
function copyInto(spare: Tensors | undefined, tensors: Tensors): Tensors {
  const copied = Object.entries(tensors).map(([name, { type, shape, data }]): [string, Tensor] => {
    const old = spare?.[name];
    if (old?.type !== type || old.data.length !== data.length) {
      return [name, { type, shape, data: data.slice() }];
    }
    (old.data as Uint8Array).set(data as Uint8Array);
    return [name, { type, shape, data: old.data }];
  });
  return Object.fromEntries(copied);
}

/** What to hand over instead of copying it. */
export function buffersOf(tensors: Tensors = {}): ArrayBuffer[] {
  const buffers = Object.values(tensors).map(({ data }) => data.buffer as ArrayBuffer);
  return [...new Set(buffers)];
}
