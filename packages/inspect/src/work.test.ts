import { getEventListeners } from 'node:events';
import { setTimeout } from 'node:timers/promises';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { checkCancelled, imagesAhead, inOrder, type Outcome, type TakeRoom } from './work.ts';

async function collect<Item, Result>(outcomes: AsyncIterable<Outcome<Item, Result>>) {
  const all: Outcome<Item, Result>[] = [];
  for await (const outcome of outcomes) all.push(outcome);
  return all;
}

const now = async (n: number) => n;
const forever = new Promise<never>(() => {});

describe('inOrder', () => {
  it('yields in order, whichever item is done first', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.nat(3), { maxLength: 12 }),
        fc.integer({ min: 1, max: 5 }),
        async (delays, ahead) => {
          const items = delays.map((delay, index) => ({ delay, index }));
          const action = async ({ delay, index }: { delay: number; index: number }) => {
            await setTimeout(delay);
            return index * 2;
          };
          const outcomes = await collect(inOrder(items, action, ahead));
          expect(outcomes).toEqual(items.map((item) => ({ item, value: item.index * 2 })));
        },
      ),
      { numRuns: 25 },
    );
  });

  it('never starts more than the maximum early', async () => {
    const ahead = 3;
    let [started, taken] = [0, 0];
    const action = async (item: number) => {
      started++;
      expect(started).toBeLessThanOrEqual(taken + ahead + 1);
      return item;
    };
    function* endless() {
      for (let item = 0; ; item++) yield item;
    }
    for await (const { item } of inOrder(endless(), action, ahead)) {
      expect(item).toBe(taken);
      await setTimeout(1);
      expect(started).toBe(taken + ahead + 1);
      if (++taken === 10) break;
    }
    await setTimeout(1);
    expect(started).toBe(10 + ahead);
  });

  it('never exceeds the room for bytes, except with a single item', async () => {
    const room = 2 ** 28;
    await fc.assert(
      fc.asyncProperty(
        // An image has at least one byte: an item without bytes counts as absent.
        fc.array(fc.record({ delay: fc.nat(2), bytes: fc.integer({ min: 1, max: room * 1.5 }) }), {
          maxLength: 10,
        }),
        async (items) => {
          const held = new Set<number>();
          let [most, taken] = [0, 0];
          const action = async (index: number, takeRoom: TakeRoom) => {
            await setTimeout(items[index]?.delay);
            if (index % 4 === 3) throw new Error('takes none');
            await takeRoom(items[index]?.bytes ?? 0);
            held.add(index);
            const sizes = [...held].map((one) => items[one]?.bytes ?? 0);
            if (held.size > 1)
              most = Math.max(
                most,
                sizes.reduce((sum, size) => sum + size),
              );
          };
          for await (const { item } of inOrder(items.keys(), action, 4)) {
            expect(item).toBe(taken++);
            await setTimeout(1);
            held.delete(item);
          }
          expect(most).toBeLessThanOrEqual(room);
          expect(taken).toBe(items.length);
        },
      ),
      { numRuns: 25 },
    );
  });

  it('yields errors in order, also synchronous ones, and continues', async () => {
    const later = async (item: number) => {
      await setTimeout(3 - item);
      if (item === 1) throw new Error('late');
      return item;
    };
    const action = (item: number) => {
      if (item === 2) throw new Error('at once');
      return later(item);
    };
    expect(await collect(inOrder([0, 1, 2, 3], action, 2))).toEqual([
      { item: 0, value: 0 },
      { item: 1, error: new Error('late') },
      { item: 2, error: new Error('at once') },
      { item: 3, value: 3 },
    ]);
  });

  it('yields each as soon as it is available, even if the next one has not arrived', async () => {
    let [give, closed] = [(_item: number) => {}, false];
    async function* source() {
      try {
        yield 1;
        yield await new Promise<number>((resolve) => {
          give = resolve;
        });
      } finally {
        closed = true;
      }
    }
    const outcomes = inOrder(source(), async (item) => item * 2, 4);
    expect((await outcomes.next()).value).toEqual({ item: 1, value: 2 });
    give(5);
    expect((await outcomes.next()).value).toEqual({ item: 5, value: 10 });
    // Stopping in the middle closes the source.
    await outcomes.return(undefined);
    await setTimeout(1);
    expect(closed).toBe(true);
  });

  it.each<[string, (n: number) => Promise<number>, (n: number) => Promise<number>]>([
    ['a source that has stalled', (n) => (n < 2 ? Promise.resolve(n) : forever), now],
    ['an item that never finishes', now, (n) => (n < 2 ? Promise.resolve(n) : forever)],
  ])('stops immediately on cancellation, also with %s', async (_, give, action) => {
    async function* source() {
      for (let n = 0; ; n++) yield await give(n);
    }
    const controller = new AbortController();
    const outcomes = inOrder(source(), action, 3, controller.signal);
    expect(await outcomes.next()).toMatchObject({ value: { value: 0 } });
    expect(await outcomes.next()).toMatchObject({ value: { value: 1 } });
    const idle = outcomes.next();
    controller.abort('enough');
    await expect(idle).rejects.toMatchObject({ code: 'CANCELLED', cause: 'enough' });
  });

  it('starts nothing and leaves no listener if cancelled already', async () => {
    const controller = new AbortController();
    const listeners = () => getEventListeners(controller.signal, 'abort').length;
    for await (const _ of inOrder([1, 2, 3], now, 2, controller.signal))
      expect(listeners()).toBe(0);
    controller.abort();
    await expect(collect(inOrder([1], now, 2, controller.signal))).rejects.toThrow('cancelled');
    expect(listeners()).toBe(0);
  });

  it('throws the error of its source, after the earlier items', async () => {
    async function* source() {
      yield 1;
      throw new Error('no more');
    }
    const outcomes = inOrder(source(), async (item) => item, 3);
    expect((await outcomes.next()).value).toEqual({ item: 1, value: 1 });
    await expect(outcomes.next()).rejects.toThrow('no more');
  });

  it('leaves no rejection unhandled after the consumer has gone', async () => {
    const rejections: unknown[] = [];
    const note = (reason: unknown) => rejections.push(reason);
    process.on('unhandledRejection', note);
    const action = async (item: number) => {
      await setTimeout(1);
      throw new Error(`${item}`);
    };
    for await (const _ of inOrder([0, 1, 2, 3], action, 4)) break;
    await setTimeout(10);
    process.off('unhandledRejection', note);
    expect(rejections).toEqual([]);
  });

  it('yields nothing for an empty source', async () => {
    expect(await collect(inOrder([], async () => 1, 4))).toEqual([]);
  });
});

describe('checkCancelled', () => {
  it('throws CANCELLED, with the reason as its cause, once the signal is aborted', () => {
    const controller = new AbortController();
    checkCancelled(undefined);
    checkCancelled(controller.signal);
    controller.abort('enough');
    expect(() => checkCancelled(controller.signal)).toThrow(
      expect.objectContaining({ code: 'CANCELLED', cause: 'enough' }),
    );
  });
});

it.each([
  [undefined, 4],
  [2, 4],
  [8, 10],
  [64, 16],
])('begins images for an engine of %s runs at once: %i', (runsAtOnce, ahead) => {
  expect(imagesAhead(runsAtOnce)).toBe(ahead);
});
