import { EventEmitter, once } from 'node:events';
import { Readable } from 'node:stream';
import { expect, it } from 'vitest';
import { eventStream, type StoredEvent, type StoredEvents } from './event-stream.ts';

/** Events in memory. */
class Events implements StoredEvents {
  readonly #emitter = new EventEmitter();
  readonly #all: StoredEvent[] = [];
  isOver = false;
  reads = 0;

  get listeners(): number {
    return this.#emitter.listenerCount('event');
  }

  add(count: number): void {
    for (let i = 0; i < count; i++) {
      this.#all.push({ id: this.#all.length + 1, type: 'log', data: { message: 'a\nb' } });
    }
    this.#emitter.emit('event');
  }

  end(): void {
    this.isOver = true;
    this.#emitter.emit('event');
  }

  after(id: number, most: number): StoredEvent[] {
    this.reads++;
    return this.#all.filter((event) => event.id > id).slice(0, most);
  }

  async next(signal: AbortSignal): Promise<void> {
    await once(this.#emitter, 'event', { signal });
  }
}

const never = new AbortController().signal;

it('sends what is there, what comes, and ends', async () => {
  const events = new Events();
  events.add(3);
  const texts: string[] = [];
  for await (const text of eventStream(events, 1, never)) {
    texts.push(text);
    if (texts.length === 3) setImmediate(() => events.add(1));
    if (texts.length === 4) setImmediate(() => events.end());
  }
  expect(texts).toEqual([
    'retry: 2000\n\n',
    ...[2, 3, 4].map((id) => `id: ${id}\nevent: log\ndata: {"message":"a\\nb"}\n\n`),
  ]);
});

it('shows during silence that the connection stands', async () => {
  const events = new Events();
  const texts = eventStream(events, 0, never, 5);
  await texts.next();
  for (const _ of [1, 2]) expect((await texts.next()).value).toMatch(/^:.*\n\n$/);
  events.end();
  expect((await texts.next()).done).toBe(true);
});

it('reads no further than its reader does', async () => {
  const events = new Events();
  events.add(10_000);
  const stream = Readable.from(eventStream(events, 0, never));
  await once(stream, 'readable');
  stream.read(1);
  await new Promise(setImmediate);
  expect(events.reads).toBeLessThan(3);
  stream.destroy();
});

it('lets go of the events when the client leaves', async () => {
  const events = new Events();
  const left = new AbortController();
  const texts = eventStream(events, 0, left.signal);
  await texts.next();
  const pending = texts.next();
  await expect.poll(() => events.listeners).toBe(1);
  left.abort();
  expect((await pending).done).toBe(true);
  expect(events.listeners).toBe(0);
});
