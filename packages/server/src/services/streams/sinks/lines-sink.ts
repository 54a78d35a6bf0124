import { join } from 'node:path';
import { appendLine } from '../../../repositories/stream-files.ts';
import { KeptFiles, type KeptFilesOptions } from './kept-files.ts';
import type { Delivery, DriftAlert, Sink, SinkState, StreamResult } from './sink.ts';

/** `FOLDER/2026-11-27.jsonl`: a line of JSON per result, in a file per day by UTC. */
export class LinesSink implements Sink {
  readonly #folder: string;
  readonly #state: SinkState;
  readonly #kept: KeptFiles;

  constructor(options: KeptFilesOptions, state: SinkState) {
    this.#folder = options.folder;
    this.#state = state;
    this.#kept = new KeptFiles(options);
  }

  take({ result }: Delivery): Promise<void> {
    return this.#append(result);
  }

  alert(alert: DriftAlert): Promise<void> {
    return this.#append(alert);
  }

  async #append(message: StreamResult | DriftAlert): Promise<void> {
    const day = message.at.slice(0, 10);
    await appendLine(join(this.#folder, `${day}.jsonl`), JSON.stringify(message));
    this.#state.countDelivered();
    await this.#kept.afterWrite(day);
  }

  async close(): Promise<void> {}
}
