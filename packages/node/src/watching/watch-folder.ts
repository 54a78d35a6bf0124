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
  /** Subfolders to ignore, such as those that images are moved to. */
  readonly leaveOut?: readonly string[] | undefined;
  /** Whether to ignore images that exist at the start. */
  readonly newOnly?: boolean | undefined;
  /** Seconds without a change after which a file counts as complete. Default: 1. */
  readonly settle?: number | undefined;
  /** Called with the reason when the folder becomes unreadable, and without one when it is readable again. */
  readonly onReachable?: (reason: string | undefined) => void;
  /** Called with the path of an image that is delayed because another process keeps it open without writing. */
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
  /** When it was first seen in this state, in ms of the process clock. */
  readonly since: number;
  /** Earliest time to yield it; infinite once yielded. */
  readonly due: number;
  /** Whether the delay was reported. */
  readonly isHeld?: boolean | undefined;
}

/** Milliseconds between scans. */
const BETWEEN_LOOKS = 250;
/** Maximum share of time spent scanning, however many files there are. */
const LOOKING_SHARE = 0.1;
/** Files already yielded are checked only in one scan of this many. */
const LOOKS_PER_REVIEW = 8;
/** An undecodable image may be incomplete, its writer pausing: the wait is multiplied by this. */
const PATIENCE = 10;

/**
 * Watches a folder and its subfolders for images. It polls instead of using system notifications, because polling works on
 * every drive, over every network, and when the folder disappears and returns.
 *
 * An image counts as complete when its size and time have not changed for a while and, as far as the system can tell, no
 * process has it open for writing. One that is moved into the folder is older than that, and is yielded at once.
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
   * Locks a folder for this process, so that no image is inspected twice.
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

  /** Releases the folder, so that another process can watch it. */
  async close(): Promise<void> {
    await this.#release();
  }

  /** Yields images as they appear, the oldest first, until the signal is aborted. A changed image is yielded again. */
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
   * Returns an image that may be incomplete: it could not be read, or its file changed in the meantime.
   * @param wasRead whether it could be read
   * @returns whether it will be yielded again; if not, it was complete, or has not changed for long enough to be considered
   *   unreadable
   */
  async putBack({ path, file }: WatchedImage, wasRead: boolean): Promise<boolean> {
    const current = await this.#stateOf(path);
    if (current === undefined) return !wasRead;
    const seen = this.#seen.get(path);
    // Changed by now: the next scan handles it.
    if (!seen || !isSame(seen, file) || !isSame(current.stamp, file)) return true;
    const now = performance.now();
    const isSettled = wasRead || now - seen.since >= PATIENCE * this.#settle;
    if (isSettled && !current.isOpen) return false;
    this.#seen.set(path, { ...seen, due: now + this.#settle });
    return true;
  }

  /** Images that are due, oldest first. */
  async *#due(): AsyncGenerator<WatchedImage> {
    const now = performance.now();
    const due = [...this.#seen].filter(([, seen]) => seen.due <= now);
    for (const [path, seen] of due.sort(([, a], [, b]) => a.modified - b.modified)) {
      // It may have changed while others were inspected: the next scan handles it.
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

  /** Undefined if the file does not exist. */
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

  /** Scans the folder. @throws if the folder itself cannot be read */
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
    // Images in a subfolder that is temporarily unreadable are not new when it is readable again.
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
    // By the drive's clock, which may be ahead of ours.
    const age = Math.min(this.#settle, Math.max(0, Date.now() - file.modified));
    this.#seen.set(path, { ...file, since: now, due: now + this.#settle - age });
  }
}

/** No longer due. */
const GIVEN = Number.POSITIVE_INFINITY;

function isSame(a: FileStamp, b: FileStamp): boolean {
  return a.size === b.size && a.modified === b.modified;
}
