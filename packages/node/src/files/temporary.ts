import { createHash, randomBytes } from 'node:crypto';
import { readFileSync, readlinkSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { readFolder, rm, stat } from './system.ts';

/** `.STEM.PLACE-PROCESS-RANDOM.tmp` */
const pattern = /^\..*\.([0-9a-f]{8})-(\d+)-[0-9a-f]{12}\.tmp$/s;
/** Age in ms after which a temporary file is abandoned, on whatever machine its process was: writing keeps it recent. */
const LONGEST_WRITE = 24 * 3600 * 1000;

const tidied = new Set<string>();

/**
 * A path for a file or folder that is renamed once it is complete. The name is hidden, so that listings of images leave it
 * out, unique, and identifies its process. Temporary files that killed processes left in the folder are removed first.
 * @param name its final name
 */
export async function temporaryPath(folder: string, name: string): Promise<string> {
  if (!tidied.has(folder)) {
    tidied.add(folder);
    await removeAbandoned(folder);
  }
  // Names have at most 255 bytes: a long one is cut to leave room for the additions.
  const stem = name.slice(0, 40);
  return join(
    folder,
    `.${stem}.${ownPlace()}-${process.pid}-${randomBytes(6).toString('hex')}.tmp`,
  );
}

/** Does not throw: a file that cannot be removed is no reason not to write. */
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

/** Identifies the scope in which a process id is unique: this container of this machine since its start. */
function ownPlace(): string {
  if (place !== undefined) return place;
  const hash = createHash('sha256').update(hostname());
  try {
    hash.update(readFileSync('/proc/sys/kernel/random/boot_id'));
    hash.update(readlinkSync('/proc/self/ns/pid'));
  } catch {
    // Only on Linux.
  }
  place = hash.digest('hex').slice(0, 8);
  return place;
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // EPERM: the process exists, but belongs to another user.
    return (error as NodeJS.ErrnoException).code !== 'ESRCH';
  }
}

async function isOld(path: string): Promise<boolean> {
  return stat(path).then(
    ({ mtimeMs }) => Date.now() - mtimeMs > LONGEST_WRITE,
    () => false,
  );
}
