import { readdirSync, readFileSync, readlinkSync, statSync } from 'node:fs';
import { isImageName } from '../images/listing.ts';

/** Milliseconds for which a result is reused. */
const FRESH = 250;
/** Maximum share of time spent scanning, however many processes and open files there are. */
const LOOKING_SHARE = 0.1;
/** Mask of the access mode (read, write or both) in the flags of an open file. */
const ACCESS_MODE = 0o3;

/** Identifies a file on this machine. */
export interface FileIdentity {
  readonly dev: number;
  readonly ino: number;
}

/**
 * Finds image files, by extension, that a process has open for writing. Linux lists the open files of the same user's
 * processes (for root, of all users) on this machine or in this container; on other systems, and for other machines, none
 * are found.
 */
export class OpenFiles {
  #found: ReadonlySet<string> = new Set();
  #goodUntil = 0;

  isOpenForWriting(file: FileIdentity): boolean {
    const now = performance.now();
    if (now >= this.#goodUntil) {
      this.#found = process.platform === 'linux' ? openForWriting() : new Set();
      const took = performance.now() - now;
      this.#goodUntil = performance.now() + Math.max(FRESH, took / LOOKING_SHARE);
    }
    return this.#found.has(key(file));
  }
}

function openForWriting(): Set<string> {
  const found = new Set<string>();
  for (const pid of listed('/proc')) {
    if (!/^\d+$/.test(pid)) continue;
    for (const descriptor of listed(`/proc/${pid}/fd`)) {
      const file = orUndefined(() => writtenFile(`/proc/${pid}`, descriptor));
      if (file) found.add(key(file));
    }
  }
  return found;
}

/** @throws a system error if it was closed in the meantime */
function writtenFile(process: string, descriptor: string): FileIdentity | undefined {
  const link = `${process}/fd/${descriptor}`;
  // Names that are not UTF-8 are garbled here, but their extensions are intact.
  if (!isImageName(readlinkSync(link, 'latin1'))) return undefined;
  const [, flags = '0'] =
    /^flags:\s*(\d+)/m.exec(readFileSync(`${process}/fdinfo/${descriptor}`, 'latin1')) ?? [];
  const isWritten = (Number.parseInt(flags, 8) & ACCESS_MODE) !== 0;
  return isWritten ? statSync(link) : undefined;
}

/** Empty if the process has ended or belongs to another user. */
function listed(folder: string): string[] {
  return orUndefined(() => readdirSync(folder)) ?? [];
}

function orUndefined<Value>(get: () => Value): Value | undefined {
  try {
    return get();
  } catch {
    return undefined;
  }
}

function key({ dev, ino }: FileIdentity): string {
  return `${dev}:${ino}`;
}
