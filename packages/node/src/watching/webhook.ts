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
  /** Called when the receiver is unreachable or rejects a line, and when it accepts lines again, which ends the trouble. */
  readonly onTrouble?: ((message: string, isOver: boolean) => void) | undefined;
  /** Milliseconds to wait for a response. Default: 10,000. */
  readonly timeout?: number | undefined;
  /** Milliseconds before the first retry, doubled for each further one. Default: 500. */
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
/** Maximum unsent bytes of the log: a few hundred thousand results. */
const MOST_WAITING = 2 ** 26;
/** Milliseconds at the end to send what is left. */
const AT_THE_END = 5000;
/** Statuses to retry, in addition to 500 and above. */
const REPEATED: ReadonlySet<number> = new Set([408, 425, 429]);

/**
 * Sends each line of a log to a URL, in order. The log is the queue: a file next to it, ending in `.sent`, stores how much was
 * sent, so that the next process continues there, however this one ends. A line is sent twice only if the process is killed
 * between the response and that note; it then has the same `Idempotency-Key`.
 */
export class Webhook {
  readonly #log: string;
  readonly #url: URL;
  readonly #options: WebhookOptions;
  readonly #stopped = new AbortController();
  /** Aborts the current request, when there is no time left to wait for its response. */
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
   * Starts sending new lines of a log, and those that an earlier run could not send.
   * @throws OPTION_INVALID if it is not an HTTP URL; OUTPUT_UNWRITABLE
   */
  static async start(log: string, url: string, options: WebhookOptions = {}): Promise<Webhook> {
    checkArgument(path, log, 'log');
    checkOptions(optionsSchema, options, 'Webhook');
    const address = parseAddress(url);
    const { size } = await stat(log);
    const note = await readFile(progressFile(log), 'utf8').catch(() => '');
    const sent = /^\d+\n$/.test(note) && Number(note) <= size ? Number(note) : size;
    await writeAtomically(progressFile(log), `${sent}\n`);
    const webhook = new Webhook(log, address, sent, options);
    webhook.#running = webhook.#run().catch((error: unknown) => {
      webhook.#failure = { error };
    });
    return webhook;
  }

  /**
   * Signals that the log has grown, and waits while too much of it is unsent.
   * @param signal ends the wait
   * @throws OUTPUT_UNWRITABLE if the progress could not be stored
   */
  async notify(signal: AbortSignal): Promise<void> {
    if (this.#failure) throw this.#failure.error;
    this.#wake();
    while ((await this.waiting()) > MOST_WAITING && !signal.aborted) {
      await setTimeout(1000, undefined, { signal }).catch(() => {});
    }
  }

  /** Unsent bytes of the log. */
  async waiting(): Promise<number> {
    return (await stat(this.#log)).size - this.#sent;
  }

  /** Sends what is left, or, if the receiver is failing, waits for its last response; a few seconds at most. */
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
        await writeAtomically(progressFile(this.#log), `${this.#sent}\n`);
      }
      if (!signal.aborted && this.#sent === start) await woken;
    }
  }

  /** Retries until the receiver accepts or permanently rejects the line. @returns false if stopped before that */
  async #deliver(line: string): Promise<boolean> {
    const { signal } = this.#stopped;
    const { firstPause = 500, timeout = 10_000 } = this.#options;
    for (let attempt = 0; !signal.aborted; attempt++) {
      const patience = AbortSignal.any([AbortSignal.timeout(timeout), this.#cut.signal]);
      const { trouble, isFinal, retryAfter } = await postLine(this.#url, line, patience);
      if (signal.aborted && trouble) return false;
      if (!trouble || isFinal) {
        if (isFinal) this.#tell(`${this.#url.host} rejected a result: ${trouble}`, false);
        else if (this.#failing) this.#tell(`${this.#url.host} accepts results again`, true);
        this.#failing = false;
        return true;
      }
      if (!this.#failing) {
        this.#tell(`${this.#url.host} does not accept results: ${trouble}; retrying`, false);
      }
      this.#failing = true;
      // Random jitter, so that many senders do not retry at the same moment.
      const pause = Math.min(LONGEST_PAUSE, firstPause * 2 ** attempt) * (0.5 + Math.random() / 2);
      await setTimeout(Math.max(pause, retryAfter), undefined, { signal }).catch(() => {});
    }
    return false;
  }

  #tell(message: string, isOver: boolean): void {
    this.#options.onTrouble?.(message, isOver);
  }
}

/** Posts a line of JSON once. @param signal ends the wait for the response */
export async function postLine(url: URL, line: string, signal: AbortSignal): Promise<PostAnswer> {
  try {
    const response = await fetch(url, {
      method: 'POST',
      headers: {
        'Content-Type': 'application/json',
        'Idempotency-Key': createHash('sha256').update(line).digest('hex').slice(0, 32),
      },
      body: line,
      // A redirected POST can become a GET without a body.
      redirect: 'manual',
      signal,
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
    // The system error is the cause of `fetch failed`.
    const cause = error instanceof Error && error.cause ? error.cause : error;
    return { trouble: reasonOf(cause), isFinal: false, retryAfter: 0 };
  }
}

function tooLong(): never {
  fail('LOG_INVALID', `Expected lines of at most ${LONGEST_LINE} bytes but received a longer one`);
}

export interface PostAnswer {
  /** Undefined if the line was accepted. */
  readonly trouble: string | undefined;
  /** Whether a retry is pointless. */
  readonly isFinal: boolean;
  /** Duration in ms. */
  readonly retryAfter: number;
}

function progressFile(log: string): string {
  return `${log}.sent`;
}

/** Parses the URL. The error shows only its protocol, because a URL may contain a secret. @throws OPTION_INVALID */
function parseAddress(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const isWeb = url?.protocol === 'http:' || url?.protocol === 'https:';
  if (!url || !isWeb || url.username || url.password) {
    const received = !url ? 'no URL' : isWeb ? 'one with a password' : url.protocol;
    fail(
      'OPTION_INVALID',
      `Expected a URL starting with http:// or https:// for \`webhook\` but received ${received}`,
    );
  }
  return url;
}
