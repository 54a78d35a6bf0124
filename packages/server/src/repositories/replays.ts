import { readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';

/** The good images that trainings keep for updates, a folder per model as it was trained. */
export class ReplayRepository {
  readonly folder: string;

  /** @param data folder of all data */
  constructor(data: string) {
    this.folder = join(data, 'replays');
  }

  /** Names of those that were kept before a time, in ms since 1970. */
  async keptBefore(time: number): Promise<string[]> {
    const names = await readdir(this.folder).catch((): string[] => []);
    const times = await Promise.all(names.map(async (name) => stat(join(this.folder, name))));
    return names.filter((_, at) => (times[at]?.mtimeMs ?? time) < time);
  }

  async remove(name: string): Promise<void> {
    await rm(join(this.folder, name), { recursive: true, force: true });
  }
}
