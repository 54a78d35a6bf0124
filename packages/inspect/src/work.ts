import { BigridError } from '@bigrid/errors';

/** @throws CANCELLED once the signal is aborted */
export function checkCancelled(signal: AbortSignal | undefined): void {
  if (signal?.aborted) throw cancelled(signal);
}

function cancelled({ reason }: AbortSignal): BigridError {
  return new BigridError('CANCELLED', 'Expected to finish but was cancelled', { cause: reason });
}

/**
 * The result of a promise, unless the signal is aborted first. Removes its listener each time: racing with one
 * long-lived promise for the signal would retain every result until the end.
 * @throws CANCELLED as soon as the signal is aborted
 */
export async function unlessCancelled<T>(promise: Promise<T>, signal: AbortSignal | undefined) {
  if (!signal) return promise;
  checkCancelled(signal);
  const { promise: stopped, reject } = Promise.withResolvers<never>();
  const stop = () => reject(cancelled(signal));
  signal.addEventListener('abort', stop);
  try {
    return await Promise.race([promise, stopped]);
  } finally {
    signal.removeEventListener('abort', stop);
  }
}

/** The outcome of one item: its value, or the error it threw. */
export type Outcome<Item, Result> =
  | { readonly item: Item; readonly value: Result }
  | { readonly item: Item; readonly error: unknown };

/** Waits until there is room for an item's bytes; once per item. They are released when its outcome was used. */
export type TakeRoom = (bytes: number) => Promise<void>;

/** Maximum bytes of all items in progress: about a hundred usual images, or two of 36 million pixels. */
const MOST_BYTES = 2 ** 28;

/**
 * Starts `action` on up to `ahead` items early and yields the outcomes in order, so that decoding continues while the
 * engine is busy. Each is yielded as soon as it is available, even if the next items arrive late, as from a pipe. Memory
 * is bounded by `ahead` results and, if the action takes room for them, by 256 MiB; an item that needs more is processed
 * alone.
 * @throws CANCELLED as soon as the signal is aborted, also while waiting for an item or its outcome
 */
export async function* inOrder<Item, Result>(
  items: Iterable<Item> | AsyncIterable<Item>,
  action: (item: Item, takeRoom: TakeRoom) => Promise<Result>,
  ahead: number,
  signal?: AbortSignal | undefined,
): AsyncGenerator<Outcome<Item, Result>> {
  const room = new Room(MOST_BYTES);
  const started: { outcome: Promise<Outcome<Item, Result> | undefined>; place: Place }[] = [];
  const iterator =
    Symbol.asyncIterator in items ? items[Symbol.asyncIterator]() : items[Symbol.iterator]();
  const start = () => {
    const place = room.next();
    const outcome = takeNext(iterator, (item) => action(item, place.take)).finally(place.pass);
    // Awaiting it later still rejects; until then the rejection must not count as unhandled.
    outcome.catch(() => {});
    started.push({ outcome, place });
  };
  try {
    for (let i = 0; i < ahead; i++) start();
    for (let next = started.shift(); next; next = started.shift()) {
      const outcome = await unlessCancelled(next.outcome, signal);
      if (!outcome) break;
      start();
      yield outcome;
      next.place.leave();
    }
  } finally {
    // Not awaited: a source that waits itself, for a line say, may never settle.
    Promise.resolve(iterator.return?.()).catch(() => {});
  }
}

/** The results of {@link inOrder}, where an error of one item ends the work on all. @throws the first error; CANCELLED */
export async function* resultsInOrder<Item, Result>(
  ...given: Parameters<typeof inOrder<Item, Result>>
): AsyncGenerator<Result> {
  for await (const outcome of inOrder(...given)) {
    if ('error' in outcome) throw outcome.error;
    yield outcome.value;
  }
}

/** Room in memory, granted in the order of the items: an item must not wait for a later one. */
class Room {
  readonly #most: number;
  #taken = 0;
  #last = Promise.resolve();
  #someLeft = () => {};

  constructor(most: number) {
    this.#most = most;
  }

  /** Index of the next item. */
  next(): Place {
    const before = this.#last;
    const { promise, resolve: pass } = Promise.withResolvers<void>();
    this.#last = promise;
    let own = 0;
    return {
      take: async (bytes) => {
        await before;
        while (this.#taken > 0 && this.#taken + bytes > this.#most) {
          await new Promise<void>((resolve) => {
            this.#someLeft = resolve;
          });
        }
        own = bytes;
        this.#taken += bytes;
        pass();
      },
      pass: () => pass(before),
      leave: () => {
        this.#taken -= own;
        this.#someLeft();
      },
    };
  }
}

/** Bytes of memory, granted first come, first served: items have no order, unlike in {@link Room}. */
export class ByteBudget {
  readonly #most: number;
  #taken = 0;
  #last: Promise<void> = Promise.resolve();
  #someBack = () => {};

  constructor(most = MOST_BYTES) {
    this.#most = most;
  }

  /** Waits until they are free; for more than the maximum, until nobody else holds any. */
  take(bytes: number): Promise<void> {
    this.#last = this.#last.then(async () => {
      while (this.#taken > 0 && this.#taken + bytes > this.#most) {
        await new Promise<void>((resolve) => {
          this.#someBack = resolve;
        });
      }
      this.#taken += bytes;
    });
    return this.#last;
  }

  giveBack(bytes: number): void {
    this.#taken -= bytes;
    this.#someBack();
  }
}

/** The share of the room that one item holds. */
interface Place {
  readonly take: TakeRoom;
  /** Lets later items take theirs, whether or not this one took any. */
  readonly pass: () => void;
  /** Releases its share. */
  readonly leave: () => void;
}

async function takeNext<Item, Result>(
  iterator: Iterator<Item> | AsyncIterator<Item>,
  action: (item: Item) => Promise<Result>,
): Promise<Outcome<Item, Result> | undefined> {
  const next = await iterator.next();
  return next.done ? undefined : attempt(next.value, action);
}

async function attempt<Item, Result>(
  item: Item,
  action: (item: Item) => Promise<Result>,
): Promise<Outcome<Item, Result>> {
  try {
    return { item, value: await action(item) };
  } catch (error) {
    return { item, error };
  }
}

/** For a run that nobody may await, after another failure or cancellation: its rejection does not count as unhandled. */
export function inBackground<T>(run: Promise<T>): Promise<T> {
  run.catch(() => {});
  return run;
}

/** Images decoded early if one is processed at a time: as many as are decoded at once. */
export const DECODE_AHEAD = 4;

/** Maximum number of images in progress: memory holds each image and what the engine needs for it. */
const MOST_AHEAD = 16;

/** Images to start early: one for each run of the engine, and two that are ready when one ends. */
export function imagesAhead(runsAtOnce = 1): number {
  return Math.min(Math.max(DECODE_AHEAD, runsAtOnce + 2), MOST_AHEAD);
}
