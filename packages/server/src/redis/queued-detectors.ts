import { randomUUID } from 'node:crypto';
import { setTimeout as wait } from 'node:timers/promises';
import { BigridError, fail, isBigridError } from '@bigrid/errors';
import { Queue, QueueEvents } from 'bullmq';
import { verifyModel } from '../workers/detector-process.ts';
import type { Detector, Detectors } from '../workers/detectors.ts';
import { errorOf } from '../workers/failures.ts';
import type { DetectorFiles, InspectionResult, InspectionTask } from '../workers/messages.ts';
import type { RedisConnection } from './connection.ts';
import { type Answer, get, packRequest, put, type SentRequest } from './inspection-messages.ts';
import { closePart, queueOf } from './queue.ts';
import type { ServerStore } from './server-store.ts';

interface QueuedDetectorsOptions {
  /** Inspections that may wait per model; further ones are refused. */
  readonly maxWaiting: number;
  /** Milliseconds that an inspection may take once a worker has it, and that workers may take none. */
  readonly timeout: number;
  /** Through which workers get models, unless they share the data folder. */
  readonly store: ServerStore | undefined;
}

/** A request that is not answered. */
interface Asked {
  readonly request: SentRequest;
  readonly answer: PromiseWithResolvers<InspectionResult>;
  readonly limit: NodeJS.Timeout;
  isTaken: boolean;
}

/** Milliseconds between looks for workers and answers. */
const LOOK_EVERY = 2000;
/** Milliseconds that messages may be on their way, beyond what an inspection may take. */
const SLACK = 5000;

/** Has workers inspect, which take the images from Redis and load the models from what they share. */
export class QueuedDetectors implements Detectors {
  readonly #data: string;
  readonly #connection: RedisConnection;
  readonly #options: QueuedDetectorsOptions;
  readonly #key: (...parts: string[]) => string;
  readonly #queue: Queue;
  readonly #events: QueueEvents;
  readonly #asked = new Map<string, Asked>();
  readonly #offered = new Map<string, Promise<void>>();
  readonly #opened = new Map<string, { promise: Promise<Detector>; isDone: boolean }>();
  readonly #closed = new AbortController();
  #workers = 0;
  #lastTaken = 0;

  private constructor(
    data: string,
    folderId: string,
    connection: RedisConnection,
    given: QueuedDetectorsOptions,
  ) {
    const { name, options, key } = queueOf(folderId, 'inspections', connection.client);
    this.#data = data;
    this.#connection = connection;
    this.#options = given;
    this.#key = key;
    this.#queue = new Queue(name, options);
    this.#events = new QueueEvents(name, options);
    this.#queue.on('error', connection.report);
    this.#events
      .on('error', connection.report)
      .on('active', ({ jobId }) => this.#take(jobId))
      .on('completed', ({ jobId }) => void this.#receive(jobId).catch(connection.report))
      // It was lost twice.
      .on('failed', ({ jobId }) => this.#asked.get(jobId)?.answer.reject(lost()));
    // Clients send their images again.
    connection.client.on('close', () => {
      for (const { answer } of this.#asked.values()) answer.reject(connection.unavailable());
    });
  }

  /** @param data folder that the workers share */
  static async open(
    data: string,
    folderId: string,
    connection: RedisConnection,
    options: QueuedDetectorsOptions,
  ): Promise<QueuedDetectors> {
    const detectors = new QueuedDetectors(data, folderId, connection, options);
    await detectors.#events.waitUntilReady();
    await detectors.#look();
    void detectors.#lookRepeatedly();
    return detectors;
  }

  /** Proves on this machine that the model can be loaded: a job that made it must not fail because no worker is there. */
  open(files: DetectorFiles): Promise<Detector> {
    const key = JSON.stringify(files);
    const known = this.#opened.get(key);
    if (known) return known.promise;
    const promise = verifyModel(files).then((manifest) => ({
      manifest,
      isDisposed: false,
      inspect: (task: InspectionTask, signal?: AbortSignal) => this.#inspect(files, task, signal),
    }));
    const opening = { promise, isDone: false };
    this.#opened.set(key, opening);
    promise.then(
      () => {
        opening.isDone = true;
        // The first inspection finds out if it fails.
        this.#offer(files).catch(() => {});
      },
      // The next request tries again.
      () => this.#opened.delete(key),
    );
    return promise;
  }

  isOpen(files: DetectorFiles): boolean {
    const canInspect = this.#workers > 0 && this.#connection.isReachable;
    return canInspect && this.#opened.get(JSON.stringify(files))?.isDone === true;
  }

  get waiting(): number {
    return [...this.#asked.values()].filter(({ isTaken }) => !isTaken).length;
  }

  async dispose(): Promise<void> {
    this.#closed.abort();
    for (const { answer } of this.#asked.values()) answer.reject(stopped());
    await closePart(this.#events, this.#connection);
    await closePart(this.#queue, this.#connection);
  }

  async #inspect(
    files: DetectorFiles,
    task: InspectionTask,
    signal?: AbortSignal,
  ): Promise<InspectionResult> {
    const request = packRequest(this.#data, files);
    this.#assertRoom(request);
    if (signal?.aborted) throw cancelled();
    const id = randomUUID();
    const answer = Promise.withResolvers<InspectionResult>();
    const limit = setTimeout(() => this.#endLate(id), this.#options.timeout + SLACK);
    this.#asked.set(id, { request, answer, limit, isTaken: false });
    const cancel = () => answer.reject(cancelled());
    signal?.addEventListener('abort', cancel, { once: true });
    const sent = this.#offer(files)
      .then(() => this.#send(id, request, task))
      .catch(answer.reject);
    try {
      return await answer.promise;
    } catch (error) {
      // It was deleted from the bucket: the next request puts it there again.
      if (isBigridError(error, 'S3_DAMAGED')) this.#offered.delete(JSON.stringify(files));
      throw error;
    } finally {
      signal?.removeEventListener('abort', cancel);
      clearTimeout(limit);
      this.#asked.delete(id);
      void sent.then(() => this.#forget(id)).catch(() => {});
    }
  }

  /** @throws QUEUE_UNAVAILABLE, SERVER_BUSY */
  #assertRoom({ model }: SentRequest): void {
    const { maxWaiting } = this.#options;
    this.#connection.assertReachable();
    if (this.#workers === 0) throw noWorker();
    const waiting = [...this.#asked.values()].filter(
      ({ isTaken, request }) => !isTaken && request.model === model,
    );
    if (waiting.length < maxWaiting) return;
    fail('SERVER_BUSY', `Expected at most ${maxWaiting} waiting inspections but received one more`);
  }

  /** Makes a model available to workers, once. @throws S3_UNAVAILABLE */
  async #offer(files: DetectorFiles): Promise<void> {
    const { store } = this.#options;
    if (!store) return;
    const key = JSON.stringify(files);
    const offered = this.#offered.get(key) ?? store.offerModel(files);
    this.#offered.set(key, offered);
    // The next request tries again.
    await offered.catch((error: unknown) => {
      this.#offered.delete(key);
      throw error;
    });
  }

  async #send(id: string, request: SentRequest, task: InspectionTask): Promise<void> {
    await put(this.#connection.client, this.#key('task', id), task);
    await this.#queue.add('request', request, {
      jobId: id,
      removeOnComplete: true,
      removeOnFail: true,
    });
  }

  /** Takes it out of the queue, unless a worker has it. */
  async #forget(id: string): Promise<void> {
    if (this.#closed.signal.aborted) return;
    await this.#connection.client.del(this.#key('task', id), this.#key('answer', id));
    await this.#queue.remove(id);
  }

  #take(id: string): void {
    const asked = this.#asked.get(id);
    if (!asked) return;
    this.#lastTaken = performance.now();
    asked.isTaken = true;
    asked.limit.refresh();
  }

  /** Takes the answer to a request, if there is one. */
  async #receive(id: string): Promise<void> {
    const received = await get<Answer>(this.#connection.client, this.#key('answer', id));
    const asked = this.#asked.get(id);
    if (!received || !asked) return;
    if ('result' in received) asked.answer.resolve(received.result);
    else asked.answer.reject(errorOf(received.failure));
  }

  /** Ends a request that takes too long, unless workers have only not come to it. */
  #endLate(id: string): void {
    const asked = this.#asked.get(id);
    if (!asked) return;
    const { timeout } = this.#options;
    if (asked.isTaken) asked.answer.reject(late(timeout));
    else if (performance.now() - this.#lastTaken < timeout) asked.limit.refresh();
    else asked.answer.reject(noWorker());
  }

  async #lookRepeatedly(): Promise<void> {
    const { signal } = this.#closed;
    while (!signal.aborted) {
      await this.#look().catch(() => {});
      await wait(LOOK_EVERY, undefined, { signal }).catch(() => {});
    }
  }

  async #look(): Promise<void> {
    this.#workers = await this.#queue.getWorkersCount();
    // After a lost connection, messages may have been missed.
    for (const id of [...this.#asked.keys()]) await this.#receive(id);
  }
}

function lost(): BigridError {
  return new BigridError(
    'WORKER_LOST',
    'Expected a result from a worker but it ended before it answered',
  );
}

function stopped(): BigridError {
  return new BigridError('SERVER_BUSY', 'Expected a running server but it stops');
}

function cancelled(): BigridError {
  return new BigridError('CANCELLED', 'The inspection was cancelled');
}

function late(timeout: number): BigridError {
  return new BigridError('TIMED_OUT', `Expected a result within ${timeout} ms but received none`);
}

function noWorker(): BigridError {
  return new BigridError('SERVER_BUSY', 'Expected a worker to inspect but none takes images', {
    remedy: 'Start workers with `bigrid worker`, and send it again.',
  });
}
