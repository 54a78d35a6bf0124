import type { ChildProcess } from 'node:child_process';
import type { BigridError } from '@bigrid/errors';
import { forkWorker } from './child-process.ts';
import { errorOf } from './failures.ts';
import type { JobMessage, JobReport, JobTask } from './job-messages.ts';

/** Milliseconds that a process has to end by itself after it was asked to. */
const PATIENCE = 10_000;

/** The process of one job. */
export class JobProcess {
  readonly #child: ChildProcess;
  readonly #ended = Promise.withResolvers<void>();
  #failure: BigridError | undefined;

  /** @param onReport is called with what it reports */
  constructor(task: JobTask, onReport: (report: JobReport) => void) {
    this.#child = forkWorker('job-worker', task);
    this.#child.on('message', (message) => {
      const received = message as JobMessage;
      if ('report' in received) onReport(received.report);
      else this.#failure = errorOf(received.failure);
    });
    const over = () => this.#ended.resolve();
    // Closed, not exited: its last message may come after its exit.
    this.#child.on('error', over).once('close', over);
  }

  /** Resolves when it has ended, for whatever reason. */
  get ended(): Promise<void> {
    return this.#ended.promise;
  }

  /** The error that it ended with, if it told one. */
  get failure(): BigridError | undefined {
    return this.#failure;
  }

  /** Asks it to end, and ends it if it does not. */
  async stop(): Promise<void> {
    this.#child.send('stop', () => {});
    const timer = setTimeout(() => this.#child.kill('SIGKILL'), PATIENCE);
    await this.ended;
    clearTimeout(timer);
  }
}
