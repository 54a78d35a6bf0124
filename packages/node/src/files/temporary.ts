import { createHash, randomBytes } from 'node:crypto';
import { readFileSync, readlinkSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { readFolder, rm, stat } from './system.ts';

/** `.STEM.PLACE-PROCESS-RANDOM.tmp` */
const pattern = /^\..*\.([0-9a-f]{8})-(\d+)-[0-9a-f]{12}\.tmp$/s;
/** Milliseconds after which a file is nobody's any more, wherever its process was: writing changes it all the time. */
const LONGEST_WRITE = 24 * 3600 * 1000;

const tidied = new Set<string>();

/**
 * A path for a file or folder that is to be renamed once it is whole. Its name is hidden, so that no listing of images
 * picks it up, no other process takes it, and it says whose it is: what processes that were killed left in the folder is
 * removed first.
 * @param name what it is going to be called
 */
export async function temporaryPath(folder: string, name: string): Promise<string> {
  if (!tidied.has(folder)) {
    tidied.add(folder);
    await removeAbandoned(folder);
  }
  // Names hold 255 bytes at most: a long one is cut, so that adding to it cannot go over.
  const stem = name.slice(0, 40);
  return join(
    folder,
    `.${stem}.${ownPlace()}-${process.pid}-${randomBytes(6).toString('hex')}.tmp`,
  );
}

/** Does not fail: what cannot be removed is no reason not to write. */
async function removeAbandoned(folder: string): Promise<void> {
  for (const { name, isFile } of await readFolder(folder).catch(() => [])) {
    const [, itsPlace, pid] = pattern.exec(name) ?? [];
    if (itsPlace === undefined) continue;
    const path = join(folder, name);
    const isAbandoned =
      (itsPlace === ownPlace() && !isRunning(Number(pid))) || (isFile && (await isOld(path)));
    if (isAbandoned) await rm(path, { recursive: true, force: true }).catch(() => {});
  }
}

let place: string | undefined;

/** Names where a number of a process means the same process: this container of this machine since it was started. */
function ownPlace(): string {
  if (place !== undefined) return place;
  const hash = createHash('sha256').update(hostname());
  try {
    hash.update(readFileSync('/proc/sys/kernel/random/boot_id'));
    hash.update(readlinkSync('/proc/self/ns/pid'));
  } catch {
    // Only Linux has them.
  }
  place = hash.digest('hex').slice(0, 8);
  return place;
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // One of somebody else may not be sent signals, but is there.
    return (error as NodeJS.ErrnoException).code !== 'ESRCH';
  }
}

async function isOld(path: string): Promise<boolean> {
  return stat(path).then(
    ({ mtimeMs }) => Date.now() - mtimeMs > LONGEST_WRITE,
    () => false,
  );
}
