import { BigridError, fail, isBigridError } from '@bigrid/errors';
import type { Manifest } from '@bigrid/node';
import { DetectorProcess } from './detector-process.ts';
import type { Detector } from './detectors.ts';
import type { DetectorFiles, InspectionResult, InspectionTask } from './messages.ts';

export interface PoolOptions {
  /** Processes at most, each with the model loaded. */
  readonly processes: number;
  /** Inspections that may wait; further ones are refused. */
  readonly maxWaiting: number;
  /** Milliseconds that an inspection may take once a process has it. */
  readonly timeout: number;
}

interface Job {
  readonly task: InspectionTask;
  readonly done: PromiseWithResolvers<InspectionResult>;
  readonly signal: AbortSignal | undefined;
  /** How often it was given to a process. */
  tries: number;
}

/** Requests that a process has at once: while one is inspected, the next is decoded. */
const AT_ONCE = 2;
/** An inspection whose process ended is tried once more: it may have been another's fault. */
const MOST_TRIES = 2;

/**
 * Processes with one model loaded, and the inspections that wait for them. Processes are started when needed, up to a
 * limit, and replaced when they end.
 */
export class DetectorPool implements Detector {
  readonly manifest: Manifest;
  readonly #files: DetectorFiles;
  readonly #options: PoolOptions;
  readonly #members: DetectorProcess[] = [];
  readonly #waiting: Job[] = [];
  #starting = 0;
  #isDisposed = false;
  #isRetired = false;
  #lastUsed = performance.now();

  private constructor(
    files: DetectorFiles,
    options: PoolOptions,
    first: DetectorProcess,
    manifest: Manifest,
  ) {
    this.#files = files;
    this.#options = options;
    this.manifest = manifest;
    this.#add(first);
  }

  /** Starts the first process. @throws BUNDLE_INVALID, BUNDLE_TOO_NEW, OPTION_INVALID for a mask that leaves nothing, WORKER_LOST */
  static async open(files: DetectorFiles, options: PoolOptions): Promise<DetectorPool> {
    const first = new DetectorProcess(files);
    try {
      return new DetectorPool(files, options, first, await first.loaded);
    } catch (error) {
      await first.kill();
      throw error;
    }
  }

  /** Inspections that wait for a process. */
  get waiting(): number {
    return this.#waiting.length;
  }

  /** Inspections that a process has. */
  get running(): number {
    return this.#members.reduce((sum, member) => sum + member.running, 0);
  }

  get processes(): number {
    return this.#members.length;
  }

  get isDisposed(): boolean {
    return this.#isDisposed;
  }

  /** When the last inspection was asked for or ended, in ms of the process clock. */
  get lastUsed(): number {
    return this.#lastUsed;
  }

  /**
   * Inspects one image.
   * @param signal aborted when nobody waits for the result any more
   * @throws SERVER_BUSY if too many are waiting; CANCELLED; TIMED_OUT; WORKER_LOST; errors of the image and of the rules
   */
  async inspect(task: InspectionTask, signal?: AbortSignal): Promise<InspectionResult> {
    if (this.#waiting.length >= this.#options.maxWaiting) {
      fail(
        'SERVER_BUSY',
        `Expected at most ${this.#options.maxWaiting} waiting inspections but received one more`,
      );
    }
    if (signal?.aborted) throw cancelled();
    this.#lastUsed = performance.now();
    const job: Job = { task, done: Promise.withResolvers(), signal, tries: 0 };
    const cancel = () => this.#cancel(job);
    signal?.addEventListener('abort', cancel, { once: true });
    this.#waiting.push(job);
    this.#next();
    try {
      return await job.done.promise;
    } finally {
      signal?.removeEventListener('abort', cancel);
      this.#lastUsed = performance.now();
      if (this.#isRetired) void this.retire();
    }
  }

  /** Ends the processes once they have inspected what waits. */
  async retire(): Promise<void> {
    this.#isRetired = true;
    if (this.running === 0 && this.waiting === 0) await this.dispose();
  }

  /** Ends the processes. What still waits is refused. */
  async dispose(): Promise<void> {
    this.#isDisposed = true;
    for (const job of this.#waiting.splice(0)) job.done.reject(stopped());
    await Promise.all(this.#members.map((member) => member.kill()));
  }

  #cancel(job: Job): void {
    const at = this.#waiting.indexOf(job);
    if (at >= 0) this.#waiting.splice(at, 1);
    job.done.reject(cancelled());
  }

  /** Gives waiting inspections to the processes with the least to do, and starts further processes if all are busy. */
  #next(): void {
    while (this.#waiting.length > 0) {
      const [member] = this.#members
        .filter(({ hasEnded }) => !hasEnded)
        .sort((a, b) => a.running - b.running);
      const isFree = member !== undefined && member.running < AT_ONCE;
      if (!isFree || member.running > 0) this.#grow();
      if (!isFree) return;
      void this.#run(member, this.#waiting.shift() as Job);
    }
  }

  async #run(member: DetectorProcess, job: Job): Promise<void> {
    job.tries++;
    const limit = setTimeout(() => {
      job.done.reject(
        new BigridError(
          'TIMED_OUT',
          `Expected a result within ${this.#options.timeout} ms but received none`,
        ),
      );
      // It may hang for ever.
      void member.kill();
    }, this.#options.timeout);
    try {
      job.done.resolve(await member.inspect(job.task));
    } catch (error) {
      const again = isBigridError(error, 'WORKER_LOST') && job.tries < MOST_TRIES;
      if (again && !this.#isDisposed && !job.signal?.aborted) this.#waiting.unshift(job);
      else job.done.reject(error);
    } finally {
      clearTimeout(limit);
      this.#next();
    }
  }

  #grow(): void {
    if (this.#isDisposed || this.#members.length + this.#starting >= this.#options.processes)
      return;
    const member = new DetectorProcess(this.#files);
    this.#starting++;
    member.loaded
      .then(
        () => this.#add(member),
        (error: unknown) => {
          // Without any process nobody would ever take what waits.
          if (this.#members.length > 0) return;
          for (const job of this.#waiting.splice(0)) job.done.reject(error);
        },
      )
      .finally(() => {
        this.#starting--;
        if (this.#isDisposed) void member.kill();
        else this.#next();
      });
  }

  #add(member: DetectorProcess): void {
    this.#members.push(member);
    void member.ended.then(() => {
      this.#members.splice(this.#members.indexOf(member), 1);
      this.#next();
    });
  }
}

function cancelled(): BigridError {
  return new BigridError('CANCELLED', 'The inspection was cancelled');
}

function stopped(): BigridError {
  return new BigridError('SERVER_BUSY', 'Expected an open model but it was unloaded meanwhile');
}
