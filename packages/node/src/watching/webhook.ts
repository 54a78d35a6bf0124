import { createHash } from 'node:crypto';
import { setTimeout } from 'node:timers/promises';
import { fail } from '@bigrid/errors';
import { checkArgument, checkOptions } from '@bigrid/inspect';
import { z } from 'zod';
import { reasonOf, writeAtomically } from '../files/files.ts';
import { linesOf, NEWLINE } from '../files/lines.ts';
import { callback, optional, path } from '../files/option-schemas.ts';
import { createReadStream, readFile, stat } from '../files/system.ts';
import { LONGEST_LINE } from './inspection-log.ts';

export interface WebhookOptions {
  /** Called when the receiver cannot be reached or refuses a line, and when it takes lines again. */
  readonly onTrouble?: ((message: string) => void) | undefined;
  /** Milliseconds to wait for an answer. Default: 10,000. */
  readonly timeout?: number | undefined;
  /** Milliseconds before the first repetition; each later one waits twice as long. Default: 500. */
  readonly firstPause?: number | undefined;
}

const optionsSchema = optional<WebhookOptions>({
  onTrouble: callback,
  timeout: z
    .int()
    .min(1)
    .max(2 ** 31 - 1),
  firstPause: z
    .int()
    .min(0)
    .max(2 ** 31 - 1),
});

const LONGEST_PAUSE = 60_000;
/** Bytes of the log that may wait to be sent: some hundred thousand results. */
const MOST_WAITING = 2 ** 26;
/** Milliseconds that are left at the end to send what waits. */
const AT_THE_END = 5000;
/** Answers that say "not now", beside all of 500 and above. */
const REPEATED: ReadonlySet<number> = new Set([408, 425, 429]);

/**
 * Sends each line of a log to a web address, in order. The log is the queue: beside it, in a file that ends in `.sent`,
 * stands how much of it was sent, so that whatever ends the process, the next one goes on there. A line can be sent twice
 * only when the process was killed between the answer and that note; its `Idempotency-Key` is the same then.
 */
export class Webhook {
  readonly #log: string;
  readonly #url: URL;
  readonly #options: WebhookOptions;
  readonly #stopped = new AbortController();
  /** Ends a request that is under way: only when there is no time left to hear its answer. */
  readonly #cut = new AbortController();
  #sent: number;
  #wake: () => void = () => {};
  #failing = false;
  #failure: { readonly error: unknown } | undefined;
  #running: Promise<void> = Promise.resolve();

  private constructor(log: string, url: URL, sent: number, options: WebhookOptions) {
    this.#log = log;
    this.#url = url;
    this.#sent = sent;
    this.#options = options;
  }

  /**
   * Starts to send what is in a log from here on, and what an earlier run could not send.
   * @throws OPTION_INVALID when it is no address of the web; OUTPUT_UNWRITABLE
   */
  static async start(log: string, url: string, options: WebhookOptions = {}): Promise<Webhook> {
    checkArgument(path, log, 'log');
    checkOptions(optionsSchema, options, 'Webhook');
    const address = parseAddress(url);
    const { size } = await stat(log);
    const note = await readFile(noteBeside(log), 'utf8').catch(() => '');
    const sent = /^\d+\n$/.test(note) && Number(note) <= size ? Number(note) : size;
    await writeAtomically(noteBeside(log), `${sent}\n`);
    const webhook = new Webhook(log, address, sent, options);
    webhook.#running = webhook.#run().catch((error: unknown) => {
      webhook.#failure = { error };
    });
    return webhook;
  }

  /**
   * Says that the log has grown, and waits while too much of it is not sent.
   * @param signal ends the wait
   * @throws OUTPUT_UNWRITABLE when it could not be noted what was sent
   */
  async notify(signal: AbortSignal): Promise<void> {
    if (this.#failure) throw this.#failure.error;
    this.#wake();
    while ((await this.waiting()) > MOST_WAITING && !signal.aborted) {
      await setTimeout(1000, undefined, { signal }).catch(() => {});
    }
  }

  /** Bytes of the log that are not sent yet. */
  async waiting(): Promise<number> {
    return (await stat(this.#log)).size - this.#sent;
  }

  /** Sends what waits, or, when the receiver is failing, hears its last answer; for a few seconds at most. */
  async stop(): Promise<void> {
    const end = performance.now() + AT_THE_END;
    while (
      !this.#failing &&
      !this.#failure &&
      performance.now() < end &&
      (await this.waiting()) > 0
    ) {
      await setTimeout(20);
    }
    this.#stopped.abort();
    this.#wake();
    const cut = globalThis.setTimeout(() => this.#cut.abort(), end - performance.now());
    await this.#running;
    clearTimeout(cut);
  }

  async #run(): Promise<void> {
    const { signal } = this.#stopped;
    while (!signal.aborted) {
      const woken = new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
      const start = this.#sent;
      const chunks = createReadStream(this.#log, { start });
      for await (const line of linesOf(chunks, NEWLINE, LONGEST_LINE, tooLong)) {
        if (!line.isWhole || !(await this.#deliver(line.text))) break;
        this.#sent = start + line.end;
        await writeAtomically(noteBeside(this.#log), `${this.#sent}\n`);
      }
      if (!signal.aborted && this.#sent === start) await woken;
    }
  }

  /** Tries until the receiver takes the line or refuses it for good. @returns false when it was stopped before that */
  async #deliver(line: string): Promise<boolean> {
    const { signal } = this.#stopped;
    const { firstPause = 500 } = this.#options;
    for (let attempt = 0; !signal.aborted; attempt++) {
      const { trouble, isFinal, retryAfter } = await this.#post(line);
      if (signal.aborted && trouble) return false;
      if (!trouble || isFinal) {
        if (isFinal) this.#options.onTrouble?.(`${this.#url.host} refused a result: ${trouble}`);
        else if (this.#failing) this.#options.onTrouble?.(`${this.#url.host} takes results again`);
        this.#failing = false;
        return true;
      }
      if (!this.#failing) {
        this.#options.onTrouble?.(`${this.#url.host} takes no results: ${trouble}; trying again`);
      }
      this.#failing = true;
      // Apart by chance, so that many senders do not come back at the same moment.
      const pause = Math.min(LONGEST_PAUSE, firstPause * 2 ** attempt) * (0.5 + Math.random() / 2);
      await setTimeout(Math.max(pause, retryAfter), undefined, { signal }).catch(() => {});
    }
    return false;
  }

  async #post(line: string): Promise<Answer> {
    const { timeout = 10_000 } = this.#options;
    try {
      const response = await fetch(this.#url, {
        method: 'POST',
        headers: {
          'Content-Type': 'application/json',
          'Idempotency-Key': createHash('sha256').update(line).digest('hex').slice(0, 32),
        },
        body: line,
        // A redirected POST can become a GET without a body.
        redirect: 'manual',
        signal: AbortSignal.any([AbortSignal.timeout(timeout), this.#cut.signal]),
      });
      await response.body?.cancel();
      const { ok, status } = response;
      const seconds = Number(response.headers.get('Retry-After') ?? 0);
      return {
        trouble: ok ? undefined : `status ${status}`,
        isFinal: !ok && status < 500 && !REPEATED.has(status),
        retryAfter: seconds > 0 ? Math.min(LONGEST_PAUSE, seconds * 1000) : 0,
      };
    } catch (error) {
      // What the system said is beneath `fetch failed`.
      const cause = error instanceof Error && error.cause ? error.cause : error;
      return { trouble: reasonOf(cause), isFinal: false, retryAfter: 0 };
    }
  }
}

function tooLong(): never {
  fail('LOG_INVALID', `Expected lines of at most ${LONGEST_LINE} bytes but received a longer one`);
}

interface Answer {
  /** Undefined when the line was taken. */
  readonly trouble: string | undefined;
  /** Whether to try it again makes no sense. */
  readonly isFinal: boolean;
  /** Milliseconds. */
  readonly retryAfter: number;
}

function noteBeside(log: string): string {
  return `${log}.sent`;
}

/** The message names no more of the address than its kind: it may hold a secret. @throws OPTION_INVALID */
function parseAddress(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const isWeb = url?.protocol === 'http:' || url?.protocol === 'https:';
  if (!url || !isWeb || url.username || url.password) {
    const received = !url ? 'no address' : isWeb ? 'one with a password' : url.protocol;
    fail(
      'OPTION_INVALID',
      `Expected an address that begins with http:// or https:// for \`webhook\` but received ${received}`,
    );
  }
  return url;
}
