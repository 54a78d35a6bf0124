import { basename, join } from 'node:path';
import { KeptFiles, type KeptFilesOptions } from './kept-files.ts';
import type { Delivery, Sink, SinkState } from './sink.ts';

/** Characters of the name of an image that are kept: with the time before them, every file system takes the whole. */
const LONGEST_NAME = 150;

/** `FOLDER/VERDICT/TIME NAME`: the images, or their heat maps. */
export class FolderSink implements Sink {
  readonly #options: KeptFilesOptions;
  readonly #state: SinkState;
  readonly #kept: KeptFiles;
  #count = 0;

  constructor(options: KeptFilesOptions, state: SinkState) {
    this.#options = options;
    this.#state = state;
    this.#kept = new KeptFiles(options);
  }

  async take({ result, image, heatMap }: Delivery): Promise<void> {
    if ('error' in result) return;
    const { files, folder } = this.#options;
    // Windows allows no colons in names; the count separates images of one millisecond.
    const time = `${result.at.replaceAll(':', '-')}-${this.#count++ % 1000}`;
    const name = `${time} ${basename(result.image).slice(-LONGEST_NAME)}`;
    const path = join(folder, result.verdict, name);
    await files.write(heatMap ? `${path}.png` : path, heatMap ?? image);
    this.#state.countDelivered();
    await this.#kept.afterWrite(result.at.slice(0, 10));
  }

  async close(): Promise<void> {}
}
