import type { ChildProcess } from 'node:child_process';
import { BigridError } from '@bigrid/errors';
import type { Manifest } from '@bigrid/node';
import { forkWorker } from './child-process.ts';
import { errorOf } from './failures.ts';
import type { DetectorFiles, InspectionResult, InspectionTask, Message } from './messages.ts';

/**
 * A process with one model loaded, which runs on one core. A process rather than a thread, because inference blocks its
 * event loop, and because what breaks native code must not end the server.
 */
export class DetectorProcess {
  readonly #child: ChildProcess;
  readonly #asked = new Map<number, PromiseWithResolvers<InspectionResult>>();
  readonly #loaded = Promise.withResolvers<Manifest>();
  readonly #ended = Promise.withResolvers<void>();
  #next = 0;
  #isOver = false;

  constructor(files: DetectorFiles) {
    this.#child = forkWorker('detector-worker', files);
    this.#child.on('message', (message) => this.#receive(message as Message));
    const over = () => this.#end();
    this.#child.on('error', over).once('exit', over);
    this.#loaded.promise.catch(() => {});
  }

  /** Resolves once the model is loaded. @throws BUNDLE_INVALID and others; WORKER_LOST */
  get loaded(): Promise<Manifest> {
    return this.#loaded.promise;
  }

  /** Resolves when the process has ended, for whatever reason. */
  get ended(): Promise<void> {
    return this.#ended.promise;
  }

  get hasEnded(): boolean {
    return this.#isOver;
  }

  /** Number of requests that it has not answered. */
  get running(): number {
    return this.#asked.size;
  }

  /** @throws an error of the image or of the rules; WORKER_LOST if the process ended before it answered */
  inspect(task: InspectionTask): Promise<InspectionResult> {
    const asked = Promise.withResolvers<InspectionResult>();
    if (this.#isOver) {
      asked.reject(lost());
      return asked.promise;
    }
    const id = this.#next++;
    this.#asked.set(id, asked);
    // A request that cannot be sent is answered by the end of the process.
    this.#child.send({ id, ...task }, () => {});
    return asked.promise;
  }

  /** Ends it at once: what it was asked is answered with WORKER_LOST. */
  kill(): Promise<void> {
    this.#child.kill('SIGKILL');
    return this.ended;
  }

  #receive(message: Message): void {
    if (!('id' in message)) {
      if ('manifest' in message) this.#loaded.resolve(message.manifest);
      else this.#loaded.reject(errorOf(message.failure));
      return;
    }
    const asked = this.#asked.get(message.id);
    this.#asked.delete(message.id);
    if ('result' in message) asked?.resolve(message.result);
    else asked?.reject(errorOf(message.failure));
  }

  #end(): void {
    this.#isOver = true;
    this.#loaded.reject(lost());
    for (const asked of this.#asked.values()) asked.reject(lost());
    this.#asked.clear();
    this.#ended.resolve();
  }
}

/** Loads a model once to prove that it can be. @throws BUNDLE_INVALID, BUNDLE_TOO_NEW, OPTION_INVALID, WORKER_LOST */
export async function verifyModel(files: DetectorFiles): Promise<Manifest> {
  const process = new DetectorProcess(files);
  try {
    return await process.loaded;
  } finally {
    await process.kill();
  }
}

function lost(): BigridError {
  return new BigridError(
    'WORKER_LOST',
    'Expected a result from an inspection process but it ended before it answered',
  );
}
