import { realpath } from 'node:fs/promises';
import { isAbsolute, relative, resolve, sep } from 'node:path';
import { fail } from '@bigrid/errors';
import { failToRead } from '@bigrid/node/internal';

/** The folders whose content clients may have read. */
export class AllowedFolders {
  readonly #folders: readonly string[];

  /** @param folders as the operator named them; they need not exist yet */
  constructor(folders: readonly string[]) {
    this.#folders = folders.map((folder) => resolve(folder));
  }

  /**
   * The real path of a file or folder inside one of the folders. Links are followed first, so that none leads out.
   * @throws PATH_FORBIDDEN; PATH_MISSING, PATH_UNREADABLE only for what is inside
   */
  async resolve(path: string): Promise<string> {
    const named = resolve(path);
    const real = await this.#realFolders();
    // Whether anything exists elsewhere is not for clients to find out.
    if (![...this.#folders, ...real].some((folder) => isInside(folder, named))) this.#refuse(path);
    const found = await realpath(named).catch((error: unknown) =>
      failToRead(path, 'a file or folder', error),
    );
    if (!real.some((folder) => isInside(folder, found))) this.#refuse(path);
    return found;
  }

  async #realFolders(): Promise<string[]> {
    const found = await Promise.allSettled(this.#folders.map((folder) => realpath(folder)));
    return found.flatMap((outcome) => (outcome.status === 'fulfilled' ? [outcome.value] : []));
  }

  #refuse(path: string): never {
    const allowed = this.#folders.join(', ') || 'none';
    return fail(
      'PATH_FORBIDDEN',
      `Expected a path inside a folder that the server may read (${allowed}) but received ${path}`,
    );
  }
}

function isInside(folder: string, path: string): boolean {
  const way = relative(folder, path);
  return way !== '..' && !way.startsWith(`..${sep}`) && !isAbsolute(way);
}
