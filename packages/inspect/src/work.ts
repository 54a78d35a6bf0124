import { fail } from '@bigrid/errors';

/** @throws CANCELLED once the signal is aborted */
export function checkCancelled(signal: AbortSignal | undefined): void {
  if (signal?.aborted)
    fail('CANCELLED', 'Expected to finish but was cancelled', { cause: signal.reason });
}

/** What became of one item: its value, or the error it threw. */
export type Outcome<Item, Result> =
  | { readonly item: Item; readonly value: Result }
  | { readonly item: Item; readonly error: unknown };

/**
 * Starts `action` on up to `ahead` items before their turn and yields the outcomes in order, so that decoding
 * goes on while the engine is busy. Each is yielded as soon as it is there, also where the items after it come late,
 * as from a pipe. Memory is bounded by `ahead` results.
 */
export async function* inOrder<Item, Result>(
  items: Iterable<Item> | AsyncIterable<Item>,
  action: (item: Item) => Promise<Result>,
  ahead: number,
): AsyncGenerator<Outcome<Item, Result>> {
  const started: Promise<Outcome<Item, Result> | undefined>[] = [];
  const iterator =
    Symbol.asyncIterator in items ? items[Symbol.asyncIterator]() : items[Symbol.iterator]();
  const start = () => {
    const outcome = takeNext(iterator, action);
    // Whoever waits for it hears of the failure; until then it is nobody's fault that nobody waits.
    outcome.catch(() => {});
    started.push(outcome);
  };
  try {
    for (let i = 0; i < ahead; i++) start();
    for (let outcome = await started.shift(); outcome; outcome = await started.shift()) {
      start();
      yield outcome;
    }
  } finally {
    // Not waited for: a source that waits itself, for a line say, may never answer.
    Promise.resolve(iterator.return?.()).catch(() => {});
  }
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

/** Pictures decoded before their turn where one is looked at at a time: as many as are decoded at once. */
export const DECODE_AHEAD = 4;

/** Pictures in work at once, on however many cores: of each, memory holds the picture and what the engine needs for it. */
const MOST_AHEAD = 16;

/** Pictures to begin before their turn: one for each run of the engine, and two that are ready when one ends. */
export function picturesAhead(runsAtOnce = 1): number {
  return Math.min(Math.max(DECODE_AHEAD, runsAtOnce + 2), MOST_AHEAD);
}
