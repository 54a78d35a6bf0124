import { readdir, readFile, rm } from 'node:fs/promises';
import { join, parse } from 'node:path';
import { writeAtomically } from '@bigrid/node/internal';

/** Small copies of images, by the SHA-256 of the original. They can be drawn again, so the folder may be emptied. */
export class PreviewRepository {
  readonly #folder: string;

  /** @param folder of all data */
  constructor(folder: string) {
    this.#folder = join(folder, 'previews');
  }

  /** @returns undefined if it has to be drawn */
  read(hash: string): Promise<Uint8Array | undefined> {
    return readFile(this.#pathOf(hash)).catch(() => undefined);
  }

  /** @throws OUTPUT_UNWRITABLE */
  write(hash: string, webp: Uint8Array): Promise<void> {
    return writeAtomically(this.#pathOf(hash), webp);
  }

  /** @param used hashes of the originals whose copies stay */
  async removeAllBut(used: ReadonlySet<string>): Promise<void> {
    for (const folder of await readdir(this.#folder).catch(() => [])) {
      for (const name of await readdir(join(this.#folder, folder))) {
        if (!used.has(parse(name).name)) await rm(join(this.#folder, folder, name));
      }
    }
  }

  #pathOf(hash: string): string {
    return join(this.#folder, hash.slice(0, 2), `${hash}.webp`);
  }
}
