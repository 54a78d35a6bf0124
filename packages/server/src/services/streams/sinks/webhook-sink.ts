import { mkdir, open, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { Webhook } from '@bigrid/node/internal';
import { appendLine } from '../../../repositories/stream-files.ts';
import type { Delivery, DriftAlert, Sink, SinkState, StreamResult } from './sink.ts';

/** Bytes from which the queue is emptied once everything in it is sent. */
const LONGEST_QUEUE = 2 ** 24;
/** Most unsent bytes: about a million results. */
const MOST_WAITING = 2 ** 30;
/** Inspection does not wait for the receiver, however long the queue. */
const withoutWaiting = AbortSignal.abort();

/**
 * Posts each result. The queue is a file, so that what is not sent yet is sent after a restart; results are lost only if the
 * receiver accepts none for so long that the queue is full.
 */
export class WebhookSink implements Sink {
  readonly #queue: string;
  readonly #url: string;
  readonly #state: SinkState;
  #webhook: Webhook | undefined;

  private constructor(queue: string, url: string, state: SinkState) {
    this.#queue = queue;
    this.#url = url;
    this.#state = state;
  }

  /**
   * Starts sending what an earlier process left in the queue.
   * @param queue path of a file, which is created if it is missing
   * @throws OUTPUT_UNWRITABLE
   */
  static async open(queue: string, url: string, state: SinkState): Promise<WebhookSink> {
    const sink = new WebhookSink(queue, url, state);
    await sink.#start();
    return sink;
  }

  take({ result }: Delivery): Promise<void> {
    return this.#queueUp(result);
  }

  alert(alert: DriftAlert): Promise<void> {
    return this.#queueUp(alert);
  }

  async #queueUp(message: StreamResult | DriftAlert): Promise<void> {
    const webhook = this.#webhook ?? (await this.#start());
    if ((await webhook.waiting()) > MOST_WAITING) {
      return this.#state.countLost(
        `The receiver has not accepted ${MOST_WAITING} bytes of results`,
      );
    }
    const bytes = await appendLine(this.#queue, JSON.stringify(message));
    this.#state.delivered++;
    try {
      await webhook.notify(withoutWaiting);
    } catch (error) {
      // It could not note what was sent, and has stopped.
      await this.#stop();
      throw error;
    }
    if (bytes > LONGEST_QUEUE && (await webhook.waiting()) === 0) await this.#empty();
  }

  async waiting(): Promise<number> {
    return (await this.#webhook?.waiting()) ?? 0;
  }

  async close(): Promise<void> {
    await this.#stop();
  }

  async #start(): Promise<Webhook> {
    await mkdir(dirname(this.#queue), { recursive: true });
    await (await open(this.#queue, 'a')).close();
    this.#webhook = await Webhook.start(this.#queue, this.#url, {
      onTrouble: (message, isOver) => {
        this.#state.trouble = isOver ? undefined : message;
      },
    });
    return this.#webhook;
  }

  async #stop(): Promise<void> {
    const webhook = this.#webhook;
    this.#webhook = undefined;
    await webhook?.stop();
  }

  async #empty(): Promise<void> {
    await this.#stop();
    await rm(this.#queue);
    await rm(`${this.#queue}.sent`);
  }
}
