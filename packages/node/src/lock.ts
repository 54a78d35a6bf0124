import { randomBytes } from 'node:crypto';
import { link, open, readFile, rename, rm } from 'node:fs/promises';
import { hostname } from 'node:os';
import { setTimeout } from 'node:timers/promises';
import { fail } from '@bigrid/errors';
import { failToWrite, systemCode } from './files.ts';

/** Who holds a lock. */
interface Holder {
  readonly pid: number;
  readonly host: string;
  /** When the process began, as its system counts it: another process may have the same number later. */
  readonly began?: string | undefined;
}

/** Locks that this process holds itself: its own number on any other is of an earlier life, in a container say. */
const held = new Set<string>();

/**
 * Takes a lock: a file that names this process. One that was left behind by a process that is gone is taken over.
 *
 * @param what what it is for, in the error.
 * @returns gives the lock back.
 * @throws OUTPUT_BUSY when another process holds it, OUTPUT_UNWRITABLE.
 */
export async function takeLock(path: string, what: string): Promise<() => Promise<void>> {
  const own: Holder = {
    pid: process.pid,
    host: hostname(),
    began: (await processStatus(process.pid))?.began,
  };
  for (;;) {
    if (await create(path, JSON.stringify(own))) {
      held.add(path);
      return async () => {
        held.delete(path);
        await rm(path, { force: true });
      };
    }
    const text = await contentOf(path);
    if (text === undefined) continue;
    const holder = parse(text);
    if (holder && (await isHeld(path, holder))) refuse(path, what, holder);
    await takeAway(path, text, what);
  }
}

/** Whether the file could be made; false where there is one already. */
async function create(path: string, content: string): Promise<boolean> {
  try {
    const handle = await open(path, 'wx');
    try {
      await handle.writeFile(content);
    } finally {
      await handle.close();
    }
    return true;
  } catch (error) {
    if (systemCode(error) === 'EEXIST') return false;
    return failToWrite(path, error);
  }
}

/** Text of a lock; undefined where it is gone. */
async function contentOf(path: string): Promise<string | undefined> {
  try {
    const text = await readFile(path, 'utf8');
    if (parse(text)) return text;
    // Between its making and its writing a lock is empty; one that stays so is of a process killed just then.
    await setTimeout(500);
    return await readFile(path, 'utf8');
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return undefined;
    return failToWrite(path, error);
  }
}

function parse(text: string): Holder | undefined {
  try {
    const { pid, host, began } = JSON.parse(text);
    return Number.isInteger(pid) && pid > 0 ? { pid, host: String(host), began } : undefined;
  } catch {
    return undefined;
  }
}

async function isHeld(path: string, { pid, host, began }: Holder): Promise<boolean> {
  // There is no asking another machine.
  if (host !== hostname()) return true;
  if (pid === process.pid) return held.has(path);
  try {
    process.kill(pid, 0);
  } catch (error) {
    return systemCode(error) !== 'ESRCH';
  }
  const status = await processStatus(pid);
  return !status || (!status.isEnded && (began === undefined || began === status.began));
}

/** What Linux says of a process; undefined elsewhere. One that ended may be listed until its parent looks. */
async function processStatus(
  pid: number,
): Promise<{ began: string | undefined; isEnded: boolean } | undefined> {
  const text = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => undefined);
  // `pid (name) state ...`, where the name may hold anything; the 22nd field is when it began.
  const fields = text?.slice(text.lastIndexOf(')') + 2).split(' ');
  return fields && { began: fields[19], isEnded: fields[0] === 'Z' || fields[0] === 'X' };
}

/** Takes a lock away that was left behind; had another process been faster, its own is put back. */
async function takeAway(path: string, left: string, what: string): Promise<void> {
  const aside = `${path}.${randomBytes(6).toString('hex')}`;
  try {
    await rename(path, aside);
    const taken = await readFile(aside, 'utf8');
    const holder = parse(taken);
    if (taken !== left && holder) {
      await link(aside, path);
      refuse(path, what, holder);
    }
  } catch (error) {
    if (systemCode(error) !== 'ENOENT') failToWrite(path, error);
  } finally {
    await rm(aside, { force: true });
  }
}

function refuse(path: string, what: string, { pid, host }: Holder): never {
  fail(
    'OUTPUT_BUSY',
    `Expected no other training for ${what} but received one that runs: process ${pid} on ${host} holds ${path}`,
  );
}
