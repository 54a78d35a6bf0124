import { readdirSync, readFileSync, readlinkSync, statSync } from 'node:fs';
import { isImageName } from '../images/listing.ts';

/** Milliseconds that what was found is good for. */
const FRESH = 250;
/** Looking takes at most this share of the time, however many processes and open files there are. */
const LOOKING_SHARE = 0.1;
/** Of the flags of an open file: whether it is open for reading alone, for writing, or for both. */
const ACCESS_MODE = 0o3;

/** What tells a file from all others. */
export interface FileIdentity {
  readonly dev: number;
  readonly ino: number;
}

/**
 * Images, going by their names, that some process has open for writing. Linux lists the files of all processes of the same
 * user (to root, of all users) on this machine or in this container; on other systems, and of other machines, nothing is known.
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

/** @throws an error of the system when it was closed meanwhile */
function writtenFile(process: string, descriptor: string): FileIdentity | undefined {
  const link = `${process}/fd/${descriptor}`;
  // Names that are no UTF-8 are read as letters without a meaning; their endings stay what they are.
  if (!isImageName(readlinkSync(link, 'latin1'))) return undefined;
  const [, flags = '0'] =
    /^flags:\s*(\d+)/m.exec(readFileSync(`${process}/fdinfo/${descriptor}`, 'latin1')) ?? [];
  const isWritten = (Number.parseInt(flags, 8) & ACCESS_MODE) !== 0;
  return isWritten ? statSync(link) : undefined;
}

/** Nothing where the process has ended, or is another user's. */
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
