import { basename, join } from 'node:path';
import type { DatedOptions } from './lines-sink.ts';
import type { Delivery, Sink } from './sink.ts';

/** Characters of the name of an image that are kept: with the time before them, every file system takes the whole. */
const LONGEST_NAME = 150;

/** `FOLDER/VERDICT/TIME NAME`: the images, or their heat maps. */
export class FolderSink implements Sink {
  readonly #options: DatedOptions;
  #day = '';
  #count = 0;

  constructor(options: DatedOptions) {
    this.#options = options;
  }

  async take({ result, image, heatMap }: Delivery): Promise<void> {
    if ('error' in result) return;
    const { files, folder, days, state } = this.#options;
    // Colons are not allowed in names on Windows; the count tells images of one millisecond apart.
    const time = `${result.at.replaceAll(':', '-')}-${this.#count++ % 1000}`;
    const name = `${time} ${basename(result.image).slice(-LONGEST_NAME)}`;
    const path = join(folder, result.verdict, name);
    await files.write(heatMap ? `${path}.png` : path, heatMap ?? image);
    state.countDelivered();
    const day = result.at.slice(0, 10);
    if (day !== this.#day) await files.removeOlderThan(days, folder);
    this.#day = day;
  }

  async close(): Promise<void> {}
}
