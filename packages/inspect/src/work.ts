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
 * goes on while the engine is busy. Memory is bounded by `ahead` results.
 */
export async function* inOrder<Item, Result>(
  items: Iterable<Item>,
  action: (item: Item) => Promise<Result>,
  ahead: number,
): AsyncGenerator<Outcome<Item, Result>> {
  const started: Promise<Outcome<Item, Result>>[] = [];
  const iterator = items[Symbol.iterator]();
  const start = () => {
    const next = iterator.next();
    if (next.done) return;
    const item = next.value;
    started.push(attempt(item, action));
  };
  for (let i = 0; i < ahead; i++) start();
  for (let next = started.shift(); next; next = started.shift()) {
    const outcome = await next;
    start();
    yield outcome;
  }
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

/** Pictures decoded before their turn: enough for two cores, little enough for memory. */
export const DECODE_AHEAD = 4;
