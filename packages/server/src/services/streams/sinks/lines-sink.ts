import { appendLine, type StreamFiles } from '../../../repositories/stream-files.ts';
import type { Delivery, Sink, SinkState } from './sink.ts';

export interface DatedOptions {
  readonly files: StreamFiles;
  readonly folder: string;
  /** Days after which files are deleted. */
  readonly days: number;
  readonly state: SinkState;
}

/** `FOLDER/2026-11-27.jsonl`: a line of JSON per result, in a file per day by UTC. */
export class LinesSink implements Sink {
  readonly #options: DatedOptions;
  #day = '';

  constructor(options: DatedOptions) {
    this.#options = options;
  }

  async take({ result }: Delivery): Promise<void> {
    const { files, folder, days, state } = this.#options;
    const day = result.at.slice(0, 10);
    await appendLine(`${folder}/${day}.jsonl`, JSON.stringify(result));
    state.countDelivered();
    if (day !== this.#day) await files.removeOlderThan(days, folder);
    this.#day = day;
  }

  async close(): Promise<void> {}
}
