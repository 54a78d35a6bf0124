import type { StreamFiles } from '../../../repositories/stream-files.ts';

export interface KeptFilesOptions {
  readonly files: StreamFiles;
  readonly folder: string;
  /** Days after which files are deleted. */
  readonly days: number;
  /** Size of the folder above which the oldest are deleted. */
  readonly mostGigabytes: number;
}

/** Results between two looks at the size of the folder. */
const BETWEEN_LOOKS = 1000;

/** The files of a sink, which are deleted after a while. */
export class KeptFiles {
  readonly #options: KeptFilesOptions;
  #count = 0;
  #day = '';

  constructor(options: KeptFilesOptions) {
    this.#options = options;
  }

  /** Called after each result. @param day such as 2026-11-27 @throws OUTPUT_UNWRITABLE */
  async afterWrite(day: string): Promise<void> {
    if (this.#count++ % BETWEEN_LOOKS > 0 && day === this.#day) return;
    this.#day = day;
    const { files, folder, days, mostGigabytes } = this.#options;
    await files.prune(folder, { days, mostBytes: mostGigabytes * 1e9 });
  }
}
