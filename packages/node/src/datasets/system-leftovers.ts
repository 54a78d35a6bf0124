import { join } from 'node:path';
import { counted } from '@bigrid/errors';
import { type FolderEntry, readFolder } from '../files/system.ts';
import { REPLAY_ENDING } from '../images/listing.ts';
import { systemOwner } from '../images/system-names.ts';
import type { Ignored } from './dataset.ts';

/** Counting stops here: a folder of snapshots may hold whole drives. */
const MOST = 10_000;

interface Leftover {
  /** Folders and files with that name and owner. */
  readonly paths: string[];
  readonly name: string;
  readonly owner: string;
  files: number;
}

/**
 * Counts files of the system or of tools in a folder, at any depth; listings leave them out silently. Links are not
 * followed, and unreadable folders are not counted.
 */
export async function systemLeftovers(folder: string): Promise<Ignored[]> {
  const found = new Map<string, Leftover>();
  const folders = [folder];
  for (let at = folders.pop(); at !== undefined; at = folders.pop()) {
    for (const entry of await entriesOf(at)) {
      const path = join(at, entry.name);
      const isReplay = entry.isFolder && entry.name.endsWith(REPLAY_ENDING);
      const owner = isReplay ? 'Bigrid' : systemOwner(entry.name);
      if (owner === undefined) {
        if (entry.isFolder) folders.push(path);
        continue;
      }
      // Names such as `._001.png` differ from file to file.
      const name = entry.isFolder ? entry.name : '';
      const known = found.get(`${owner}/${name}`) ?? { paths: [], name, owner, files: 0 };
      found.set(`${owner}/${name}`, known);
      known.paths.push(path);
      known.files += entry.isFolder ? await filesBelow(path) : 1;
    }
  }
  return [...found.values()].map((leftover) => ({
    path: leftover.paths.length === 1 ? (leftover.paths[0] as string) : folder,
    reason: reasonOf(leftover),
  }));
}

function reasonOf({ paths, name, owner, files }: Leftover): string {
  const number = files > MOST ? `more than ${MOST} files` : counted(files, 'file');
  const where = name !== '' && paths.length > 1 ? ` in ${paths.length} folders ${name}` : '';
  const what = number + where;
  return owner === 'hidden' ? `${what}: hidden` : `${what}: made by ${owner} for its own use`;
}

async function filesBelow(folder: string): Promise<number> {
  let count = 0;
  const folders = [folder];
  for (let at = folders.pop(); at !== undefined && count <= MOST; at = folders.pop()) {
    for (const entry of await entriesOf(at)) {
      if (entry.isFolder) folders.push(join(at, entry.name));
      else count++;
    }
  }
  return count;
}

function entriesOf(folder: string): Promise<FolderEntry[]> {
  return readFolder(folder).catch(() => []);
}
