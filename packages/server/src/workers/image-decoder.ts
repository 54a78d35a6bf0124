import type { ChildProcess } from 'node:child_process';
import { BigridError } from '@bigrid/errors';
import { forkWorker } from './child-process.ts';
import { errorOf } from './failures.ts';
import type { DecodedImage, ImageAnswer, ImageTask } from './image-messages.ts';

/** Milliseconds that an image may take. */
const LONGEST = 60_000;

/**
 * Decodes files in a process of its own, so that an image that breaks the decoder does not end the server, and one at a
 * time, which bounds memory. The process starts when it is needed, and again if it ended.
 */
export class ImageDecoder {
  #child: ChildProcess | undefined;
  #last: Promise<unknown> = Promise.resolve();
  #isDisposed = false;

  /** @throws IMAGE_UNREADABLE, IMAGE_TOO_LARGE; WORKER_LOST if the process ended; TIMED_OUT */
  decode(task: ImageTask): Promise<DecodedImage> {
    const decoded = this.#last.then(() => this.#ask(task));
    this.#last = decoded.catch(() => {});
    return decoded;
  }

  /** Ends the process. What it was asked is answered with WORKER_LOST. */
  async dispose(): Promise<void> {
    this.#isDisposed = true;
    this.#child?.kill('SIGKILL');
    await this.#last;
  }

  async #ask(task: ImageTask): Promise<DecodedImage> {
    if (this.#isDisposed) throw lost(task.name);
    this.#child ??= this.#start();
    const child = this.#child;
    const answered = Promise.withResolvers<DecodedImage>();
    const receive = (answer: ImageAnswer) => {
      if ('decoded' in answer) answered.resolve(answer.decoded);
      else answered.reject(errorOf(answer.failure));
    };
    const lose = () => answered.reject(lost(task.name));
    const timer = setTimeout(() => {
      answered.reject(late(task.name));
      child.kill('SIGKILL');
    }, LONGEST);
    child.once('message', receive).once('exit', lose).once('error', lose);
    // A task that cannot be sent is answered by the end of the process.
    child.send(task, () => {});
    try {
      return await answered.promise;
    } finally {
      clearTimeout(timer);
      child.off('message', receive).off('exit', lose).off('error', lose);
    }
  }

  #start(): ChildProcess {
    const child = forkWorker('image-worker');
    const forget = () => {
      if (this.#child === child) this.#child = undefined;
    };
    return child.on('exit', forget).on('error', forget);
  }
}

function lost(name: string): BigridError {
  return new BigridError(
    'WORKER_LOST',
    `Expected to decode ${name} but the process that did so ended`,
  );
}

function late(name: string): BigridError {
  return new BigridError(
    'TIMED_OUT',
    `Expected to decode ${name} within ${LONGEST / 1000} seconds but it took longer`,
  );
}
