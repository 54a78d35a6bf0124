import type { BigridError } from '@bigrid/errors';
import type { JobReport, JobTask } from './job-messages.ts';

/** How the process of a job ended. Its result, if it came to one, is in the folder of the job. */
export type ProcessOutcome =
  /** With the result, or too early. */
  | { readonly type: 'ended' }
  | { readonly type: 'failed'; readonly error: BigridError }
  /** It was stopped before it was done. */
  | { readonly type: 'stopped' };

/** How a run ended; `left`: it goes on without the server. */
export type JobOutcome = ProcessOutcome | { readonly type: 'left' };

export interface JobWatcher {
  /** Called when the job leaves the queue. */
  begun(): void;
  report(report: JobReport): void;
}

/** One run of a job. */
export interface JobRun {
  readonly outcome: Promise<JobOutcome>;
  /** Ends it, and resolves then. @throws QUEUE_UNAVAILABLE */
  stop(): Promise<void>;
  /** Lets it go on without the server, or ends it if it cannot. */
  leave(): Promise<void>;
}

/** Where jobs run: in processes of this machine, or of others. */
export interface JobRunner {
  /** Jobs that it takes at once. */
  readonly atOnce: number;
  /** Whether the jobs that a server left are taken up by {@link start}, rather than lost. */
  readonly outlivesServer: boolean;
  /** Whether what it needs can be reached. */
  readonly isReachable: boolean;
  /**
   * Runs a job.
   * @param run names this run: the same name gives the same run, also after a restart of the server
   */
  start(run: string, task: JobTask, watcher: JobWatcher): JobRun;
}
