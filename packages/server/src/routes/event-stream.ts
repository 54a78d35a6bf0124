import { Readable } from 'node:stream';
import type { FastifyReply } from 'fastify';
import { goneSignal } from './gone-signal.ts';

/** Events that are stored, of one subject. */
export interface StoredEvents {
  /** Events after another one, in order, at most a number of them. */
  after(id: number, most: number): readonly StoredEvent[];
  /** Whether no more will come. */
  readonly isOver: boolean;
  /** Resolves when there is another event. Rejects when the signal is aborted. */
  next(signal: AbortSignal): Promise<void>;
}

export interface StoredEvent {
  readonly id: number;
  readonly type: string;
  readonly data: unknown;
}

/** Events that are read at once. */
const AT_ONCE = 100;
/** Milliseconds of silence after which a comment shows that the connection stands; proxies cut it otherwise. */
const HEARTBEAT = 15_000;
/** Milliseconds after which a client connects again. */
const RETRY = 2000;

/** Answers with events as they come, until there are no more, the client leaves, or the server closes. @param after id of the last one that is known */
export function sendEvents(reply: FastifyReply, events: StoredEvents, after: number): FastifyReply {
  const signal = AbortSignal.any([goneSignal(reply), reply.server.stopping]);
  return (
    reply
      .type('text/event-stream')
      .header('Cache-Control', 'no-store')
      .header('X-Accel-Buffering', 'no')
      // A server that stops would wait for the client to close it.
      .header('Connection', 'close')
      .send(Readable.from(eventStream(events, after, signal)))
  );
}

/**
 * Server-sent events: those after an id, then others as they come, until there are no more. What is not read is not
 * written: events wait in the store, and nothing piles up in memory.
 * @param signal ends it
 */
export async function* eventStream(
  events: StoredEvents,
  after: number,
  signal: AbortSignal,
  heartbeat = HEARTBEAT,
): AsyncGenerator<string> {
  yield `retry: ${RETRY}\n\n`;
  for (let last = after; !signal.aborted; ) {
    const found = events.after(last, AT_ONCE);
    for (const { id, type, data } of found) {
      yield `id: ${id}\nevent: ${type}\ndata: ${JSON.stringify(data)}\n\n`;
      last = id;
    }
    if (found.length > 0) continue;
    if (events.isOver) return;
    const silence = AbortSignal.timeout(heartbeat);
    await events.next(AbortSignal.any([signal, silence])).catch(() => {});
    if (silence.aborted) yield ': still here\n\n';
  }
}
