import type { ChildProcess } from 'node:child_process';
import { forkWorker } from './child-process.ts';
import { errorOf } from './failures.ts';
import type { JobMessage, JobReport, JobTask } from './job-messages.ts';
import type { JobRun, JobRunner, JobWatcher, ProcessOutcome } from './job-runner.ts';

/** Milliseconds that a process has to end by itself after it was asked to. */
const PATIENCE = 10_000;

/** The process of one job. */
export class JobProcess implements JobRun {
  readonly #child: ChildProcess;
  readonly #ended = Promise.withResolvers<ProcessOutcome>();
  #outcome: ProcessOutcome = { type: 'ended' };

  /** @param onReport is called with what it reports */
  constructor(task: JobTask, onReport: (report: JobReport) => void) {
    this.#child = forkWorker('job-worker', task);
    this.#child.on('message', (message) => {
      const received = message as JobMessage;
      if ('report' in received) onReport(received.report);
      // What it says when it was stopped is that it was.
      else if (this.#outcome.type === 'ended') {
        this.#outcome = { type: 'failed', error: errorOf(received.failure) };
      }
    });
    const over = () => this.#ended.resolve(this.#outcome);
    // Closed, not exited: its last message may come after its exit.
    this.#child.on('error', over).once('close', over);
  }

  get outcome(): Promise<ProcessOutcome> {
    return this.#ended.promise;
  }

  /** Asks it to end, and ends it if it does not. */
  async stop(): Promise<void> {
    this.#outcome = { type: 'stopped' };
    this.#child.send('stop', () => {});
    const timer = setTimeout(() => this.#child.kill('SIGKILL'), PATIENCE);
    await this.outcome;
    clearTimeout(timer);
  }

  leave(): Promise<void> {
    return this.stop();
  }
}

/** Runs each job in a process of this machine. */
export class LocalJobs implements JobRunner {
  readonly atOnce: number;
  readonly outlivesServer = false;
  readonly isReachable = true;

  /** @param atOnce jobs that run at once */
  constructor(atOnce: number) {
    this.atOnce = atOnce;
  }

  start(_: string, task: JobTask, { begun, report }: JobWatcher): JobRun {
    begun();
    return new JobProcess(task, report);
  }
}
