import { join, resolve } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { checkArgument, checkOptions } from '@bigrid/inspect';
import { z } from 'zod';
import { failToRead, reasonOf } from '../files/files.ts';
import { holdAlone, type Release } from '../files/hold-alone.ts';
import { callback, optional, path, signal } from '../files/option-schemas.ts';
import { type FolderEntry, readFolder, realpath, stat } from '../files/system.ts';
import { isImageName } from '../images/listing.ts';
import { systemOwner } from '../images/system-names.ts';
import { type FileStamp, stampOfStats } from './inspection-log.ts';
import { OpenFiles } from './open-files.ts';

export interface WatchOptions {
  readonly signal: AbortSignal;
  /** Folders below it whose images are left alone: those that images are moved to. */
  readonly leaveOut?: readonly string[] | undefined;
  /** Whether to leave alone what lies there at the start. */
  readonly newOnly?: boolean | undefined;
  /** Seconds that a file has to stay as it is before it counts as written. Default: 1. */
  readonly settle?: number | undefined;
  /** Called when the folder cannot be read any more, with the reason, and when it can be again, without. */
  readonly onReachable?: (reason: string | undefined) => void;
  /** Called with the path of an image that is waited for because another process keeps it open for writing, without writing. */
  readonly onHeld?: ((path: string) => void) | undefined;
}

const optionsSchema = optional<WatchOptions>({
  signal,
  leaveOut: z.array(path).meta({ expected: 'a list of paths' }),
  newOnly: z.boolean(),
  settle: z.number().min(0).max(86_400),
  onReachable: callback,
  onHeld: callback,
}).required({ signal: true });

/** An image that appeared. */
export interface WatchedImage {
  readonly path: string;
  readonly file: FileStamp;
}

interface Seen extends FileStamp {
  /** When it was first seen so: milliseconds of the process. */
  readonly since: number;
  /** When it is to be given, at the earliest; infinite once it was. */
  readonly due: number;
  /** Whether it was said that it is held. */
  readonly isHeld?: boolean | undefined;
}

/** Milliseconds between two looks. */
const BETWEEN_LOOKS = 250;
/** Looking takes at most this share of the time, however many files there are. */
const LOOKING_SHARE = 0.1;
/** Files that were given are looked at less often: one look in so many. */
const LOOKS_PER_REVIEW = 8;
/** An image that cannot be decoded may still be written by one who pauses: it is waited for this many times as long. */
const PATIENCE = 10;

/**
 * Watches a folder, and the folders below it, for images. It looks again and again instead of asking the system to be
 * told, for that works on every drive, over every network, and when the folder goes away and comes back.
 *
 * An image counts as written when its size and time have stayed as they are for a while, and no process has it open for
 * writing, as far as the system tells; one that is renamed in is older than that, and is given at once.
 */
export class FolderWatch {
  readonly #folder: string;
  readonly #options: WatchOptions;
  readonly #settle: number;
  readonly #leaveOut: ReadonlySet<string>;
  readonly #seen = new Map<string, Seen>();
  readonly #openFiles = new OpenFiles();
  #looks = 0;

  readonly #release: Release;

  private constructor(folder: string, options: WatchOptions, release: Release) {
    this.#release = release;
    this.#folder = folder;
    this.#options = options;
    this.#settle = (options.settle ?? 1) * 1000;
    this.#leaveOut = new Set(options.leaveOut?.map((path) => resolve(path)));
  }

  /**
   * Holds a folder for this process alone, so that no image is inspected twice.
   * @throws PATH_MISSING, PATH_UNREADABLE, IN_USE
   */
  static async open(folder: string, options: WatchOptions): Promise<FolderWatch> {
    checkArgument(path, folder, 'folder');
    checkOptions(optionsSchema, options, 'FolderWatch');
    const real = await readFolder(folder).then(
      () => realpath(folder),
      (error: unknown) => failToRead(folder, 'a folder to watch', error),
    );
    const watch = new FolderWatch(folder, options, await holdAlone(real));
    if (options.newOnly) {
      await watch.#look();
      for (const [path, seen] of watch.#seen) watch.#seen.set(path, { ...seen, due: GIVEN });
    }
    return watch;
  }

  /** Lets another process watch the folder. */
  async close(): Promise<void> {
    await this.#release();
  }

  /** Images as they appear, the oldest first, until the signal is aborted. One that changes is given again. */
  async *images(): AsyncGenerator<WatchedImage> {
    const { signal, onReachable } = this.#options;
    let reachable = true;
    while (!signal.aborted) {
      const started = performance.now();
      try {
        await this.#look();
        if (!reachable) onReachable?.(undefined);
        reachable = true;
      } catch (error) {
        if (reachable) onReachable?.(reasonOf(error));
        reachable = false;
      }
      const pause = Math.max(BETWEEN_LOOKS, (performance.now() - started) / LOOKING_SHARE);
      if (reachable) yield* this.#due();
      await setTimeout(pause, undefined, { signal }).catch(() => {});
    }
  }

  /**
   * Takes back an image that may not be whole yet: it could not be read, or its file was written to meanwhile.
   * @param wasRead whether it could be read
   * @returns whether it is going to be given again; if not, it was whole, or has stayed as it is for long enough to say that
   *   it cannot be read
   */
  async putBack({ path, file }: WatchedImage, wasRead: boolean): Promise<boolean> {
    const current = await this.#stateOf(path);
    if (current === undefined) return !wasRead;
    const seen = this.#seen.get(path);
    // Another by now: looking finds out.
    if (!seen || !isSame(seen, file) || !isSame(current.stamp, file)) return true;
    const now = performance.now();
    const isSettled = wasRead || now - seen.since >= PATIENCE * this.#settle;
    if (isSettled && !current.isOpen) return false;
    this.#seen.set(path, { ...seen, due: now + this.#settle });
    return true;
  }

  /** Images whose time has come, oldest first. */
  async *#due(): AsyncGenerator<WatchedImage> {
    const now = performance.now();
    const due = [...this.#seen].filter(([, seen]) => seen.due <= now);
    for (const [path, seen] of due.sort(([, a], [, b]) => a.modified - b.modified)) {
      // Others were inspected meanwhile: it may have changed, which the next look finds out.
      const current = await this.#stateOf(path);
      if (current === undefined || !isSame(current.stamp, seen)) continue;
      if (current.isOpen) {
        this.#sayThatHeld(path, seen);
        continue;
      }
      this.#seen.set(path, { ...seen, due: GIVEN });
      yield { path, file: current.stamp };
      if (this.#options.signal.aborted) return;
    }
  }

  /** Undefined where there is no file. */
  async #stateOf(path: string): Promise<{ stamp: FileStamp; isOpen: boolean } | undefined> {
    const stats = await stat(path).catch(() => undefined);
    return (
      stats && {
        stamp: stampOfStats(stats),
        isOpen: this.#openFiles.isOpenForWriting(stats),
      }
    );
  }

  #sayThatHeld(path: string, seen: Seen): void {
    if (seen.isHeld || performance.now() - seen.since < PATIENCE * this.#settle) return;
    this.#seen.set(path, { ...seen, isHeld: true });
    this.#options.onHeld?.(path);
  }

  /** Takes note of what is there. @throws when the folder itself cannot be read */
  async #look(): Promise<void> {
    const review = this.#looks++ % LOOKS_PER_REVIEW === 0;
    const found = new Set<string>();
    let complete = true;
    const folders = [this.#folder];
    for (let folder = folders.pop(); folder !== undefined; folder = folders.pop()) {
      let entries: FolderEntry[] = [];
      try {
        entries = await readFolder(folder);
      } catch (error) {
        if (folder === this.#folder) throw error;
        complete = false;
      }
      for (const entry of entries) {
        const path = join(folder, entry.name);
        if (systemOwner(entry.name) !== undefined) continue;
        if (entry.isFolder) {
          if (!this.#leaveOut.has(resolve(path))) folders.push(path);
        } else if (isImageName(entry.name)) {
          found.add(path);
          if (review || this.#seen.get(path)?.due !== GIVEN) await this.#note(path);
        }
      }
    }
    // What lies in a folder that cannot be read for now is not new when it can be again.
    if (complete)
      for (const path of this.#seen.keys()) if (!found.has(path)) this.#seen.delete(path);
  }

  async #note(path: string): Promise<void> {
    const stats = await stat(path).catch(() => undefined);
    if (!stats?.isFile()) return;
    const file = stampOfStats(stats);
    const seen = this.#seen.get(path);
    if (seen && isSame(seen, file)) return;
    const now = performance.now();
    // By the clock of the drive, which may be ahead of ours.
    const age = Math.min(this.#settle, Math.max(0, Date.now() - file.modified));
    this.#seen.set(path, { ...file, since: now, due: now + this.#settle - age });
  }
}

/** Not due any more. */
const GIVEN = Number.POSITIVE_INFINITY;

function isSame(a: FileStamp, b: FileStamp): boolean {
  return a.size === b.size && a.modified === b.modified;
}
