import { expect, test } from 'vitest';
import { newestOf } from './newest.ts';

/** Items that arrive when told. */
function source() {
  const waiting: { value: { n: number } }[] = [];
  let wake = Promise.withResolvers<void>();
  let end: 'open' | 'closed' | Error = 'open';
  async function* items() {
    for (;;) {
      const next = waiting.shift();
      if (next) yield next.value;
      else if (end instanceof Error) throw end;
      else if (end === 'closed') return;
      else await wake.promise;
    }
  }
  const turn = () => new Promise((resolve) => setImmediate(resolve));
  return {
    items: items(),
    add: async (...numbers: number[]) => {
      waiting.push(...numbers.map((n) => ({ value: { n } })));
      wake.resolve();
      wake = Promise.withResolvers();
      await turn();
    },
    close: async (how: 'closed' | Error = 'closed') => {
      end = how;
      wake.resolve();
      await turn();
    },
  };
}

test('a slow reader gets the newest item, and the others are counted', async () => {
  let dropped = 0;
  const { items, add, close } = source();
  const newest = newestOf(items, () => dropped++);
  const first = newest.next();
  await add(1);
  expect((await first).value).toEqual({ n: 1 });
  await add(2, 3, 4);
  expect(dropped).toBe(2);
  expect((await newest.next()).value).toEqual({ n: 4 });
  const waiting = newest.next();
  await add(5);
  expect((await waiting).value).toEqual({ n: 5 });
  await add(6);
  await close();
  expect((await newest.next()).value).toEqual({ n: 6 });
  expect((await newest.next()).done).toBe(true);
  expect(dropped).toBe(2);
});

test('an error of the source comes after its last item', async () => {
  const { items, add, close } = source();
  const newest = newestOf(items, () => {});
  const first = newest.next();
  await add(1);
  await first;
  await add(2);
  await close(new Error('unplugged'));
  expect((await newest.next()).value).toEqual({ n: 2 });
  await expect(newest.next()).rejects.toThrow('unplugged');
});
