import { constants, type Stats } from 'node:fs';
import { basename, dirname, extname, resolve } from 'node:path';
import { fail, isBigridError } from '@bigrid/errors';
import { access, chmod, mkdir, open, readFile, realpath, rename, rm, stat } from './system.ts';
import { temporaryPath } from './temporary.ts';

export interface WriteOptions {
  /** Cancels the write; the partial file is removed. */
  readonly signal?: AbortSignal | undefined;
  /** Folder for the temporary file, on the same disk. Default: the folder of the file. */
  readonly temporaryIn?: string | undefined;
}

const NO_ROOM = 'Free some space, or choose another disk.';

/**
 * Reads a whole file, or a pipe to its end.
 *
 * @throws PATH_MISSING; PATH_UNREADABLE without permission, for a folder, or for a device, which may have no end
 *   (`/dev/zero`)
 */
export async function readBytes(path: string): Promise<Uint8Array> {
  try {
    const found = await stat(path);
    if (found.isCharacterDevice() || found.isBlockDevice()) {
      fail('PATH_UNREADABLE', `Expected a file to read at ${path} but received: it is a device`, {
        remedy: 'Name a file: a device may have no end.',
      });
    }
    return await readFile(path);
  } catch (error) {
    if (isBigridError(error)) throw error;
    return failToRead(path, 'a file', error);
  }
}

/**
 * Turns a file system error on reading into one of the registry.
 *
 * @param expected what was expected at `path`, with its article: "a file", "a folder"
 * @throws PATH_MISSING, PATH_UNREADABLE
 */
export function failToRead(path: string, expected: string, error: unknown): never {
  const reason = reasonOf(error);
  const code = systemCode(error);
  if (code === 'ENOENT') {
    fail('PATH_MISSING', `Expected ${expected} at ${path} but received nothing: ${reason}`, {
      cause: error,
    });
  }
  if (code === 'ENOTDIR') {
    fail(
      'PATH_MISSING',
      `Expected ${expected} at ${path} but received a file, or a path through one`,
      { cause: error, remedy: `Name ${expected.replace(/,$/, '')}, or correct the path.` },
    );
  }
  fail('PATH_UNREADABLE', `Expected ${expected} to read at ${path} but received: ${reason}`, {
    cause: error,
    remedy: remedyFor(error),
  });
}

/**
 * Writes a file atomically: readers of `path` see either the old or the whole new content. The content is written to a
 * temporary file next to it, flushed to disk, and renamed. Missing parent folders are created, since result folders often
 * do not exist yet. Links are followed; a device or pipe (`/dev/stdout`) is written to directly, because a rename would
 * replace it. The temporary file is removed on error; if the process is killed, the next one that writes to the folder
 * removes it.
 *
 * @throws OUTPUT_UNWRITABLE, with the path and the reason; CANCELLED if `signal` is aborted
 */
export async function writeAtomically(
  path: string,
  content: Uint8Array | string,
  options: WriteOptions = {},
): Promise<void> {
  const { signal, temporaryIn } = options;
  let temporary: string | undefined;
  try {
    signal?.throwIfAborted();
    const target = await followLinks(path);
    const present = await statOrUndefined(target);
    if (present !== undefined && !present.isFile()) {
      if (present.isDirectory()) failOnFolder(path);
      await writeThrough(target, content, 'w');
      return;
    }
    await mkdir(dirname(target), { recursive: true });
    temporary = await temporaryPath(temporaryIn ?? dirname(target), basename(target));
    await writeThrough(temporary, content, 'wx', signal);
    // Overwriting a file keeps its permissions.
    if (present !== undefined) await chmod(temporary, present.mode & 0o777);
    signal?.throwIfAborted();
    await rename(temporary, target);
  } catch (error) {
    if (temporary !== undefined) await rm(temporary, { force: true }).catch(() => {});
    if (signal?.aborted) {
      fail('CANCELLED', `Writing ${path} was cancelled`, { cause: error });
    }
    failToWrite(path, error);
  }
}

/**
 * Checks before a long run whether {@link writeAtomically} could write `path`: creates and removes an empty temporary file
 * in the nearest existing parent folder.
 *
 * @throws OUTPUT_UNWRITABLE, with the path and the reason
 */
export async function assertWritable(path: string): Promise<void> {
  try {
    const target = await followLinks(path);
    const present = await statOrUndefined(target);
    if (present?.isDirectory()) failOnFolder(path);
    if (present !== undefined && !present.isFile()) {
      // Opening a pipe waits for its reader, and closing it would end the reader's input.
      await access(target, constants.W_OK);
      return;
    }
    const probe = await temporaryPath(await nearestFolder(dirname(target)), basename(target));
    await (await open(probe, 'wx')).close();
    await rm(probe);
  } catch (error) {
    failToWrite(path, error);
  }
}

/**
 * Like {@link assertWritable}, for a model file: its name must end in .onnx, which other programs rely on.
 *
 * @throws OPTION_INVALID if the name has another extension; OUTPUT_UNWRITABLE
 */
export async function assertModelWritable(path: string): Promise<void> {
  if (!/^(\.onnx)?$/i.test(extname(path))) {
    fail('OPTION_INVALID', `Expected a file named .onnx for the model but received ${path}`, {
      remedy: 'Name it .onnx: the model is an ONNX file, whatever its name.',
    });
  }
  await assertWritable(path);
}

/**
 * Turns a file system error on writing into OUTPUT_UNWRITABLE; rethrows errors of the registry.
 *
 * @throws OUTPUT_UNWRITABLE
 */
export function failToWrite(path: string, error: unknown): never {
  if (isBigridError(error)) throw error;
  fail('OUTPUT_UNWRITABLE', `Expected to write ${path} but received: ${reasonOf(error)}`, {
    cause: error,
    remedy: remedyFor(error),
  });
}

/** The code of an error of the operating system, such as `ENOENT`. */
export function systemCode(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string'
    ? error.code
    : undefined;
}

/** Text for an error code of the operating system, and a remedy if that of the registry does not fit. */
const reasons: Readonly<Record<string, { readonly words: string; readonly remedy?: string }>> = {
  EACCES: { words: 'permission denied' },
  EPERM: { words: 'operation not permitted' },
  ENOENT: { words: 'no such file or folder' },
  ENOTDIR: {
    words: 'a part of the path is a file, not a folder',
    remedy: 'Correct the path: all but its last part must be folders.',
  },
  EEXIST: {
    words: 'a part of the path is a file, not a folder',
    remedy: 'Correct the path: all but its last part must be folders.',
  },
  EISDIR: { words: 'it is a folder', remedy: 'Name a file, not a folder.' },
  ENOSPC: { words: 'no space left on the disk', remedy: NO_ROOM },
  EDQUOT: { words: 'the disk quota is used up', remedy: NO_ROOM },
  EROFS: { words: 'the file system is read-only' },
  EMFILE: {
    words: 'too many files are open',
    remedy: 'Raise the limit on open files (`ulimit -n`), or close other programs.',
  },
  EFBIG: { words: 'the file is larger than the file system allows', remedy: NO_ROOM },
  EIO: { words: 'the disk reports an input/output error', remedy: 'Check the disk.' },
  ELOOP: { words: 'the path has circular links', remedy: 'Correct the links in the path.' },
  ENAMETOOLONG: { words: 'the name is too long', remedy: 'Choose a shorter name.' },
};

/** The reason for an error of the operating system, in words. */
export function reasonOf(error: unknown): string {
  const code = systemCode(error);
  const known = code === undefined ? undefined : reasons[code];
  if (known !== undefined) return `${known.words} (${code})`;
  return error instanceof Error ? error.message : String(error);
}

/** The remedy for an error of the operating system; undefined for that of the registry. */
function remedyFor(error: unknown): string | undefined {
  return reasons[systemCode(error) ?? '']?.remedy;
}

function failOnFolder(path: string): never {
  fail('OUTPUT_UNWRITABLE', `Expected a file to write at ${path} but received a folder`, {
    remedy: reasons.EISDIR?.remedy,
  });
}

async function writeThrough(
  path: string,
  content: Uint8Array | string,
  flag: 'w' | 'wx',
  signal?: AbortSignal,
): Promise<void> {
  const handle = await open(path, flag);
  try {
    await handle.writeFile(content, signal === undefined ? {} : { signal });
    // Without a flush, a power cut soon after the rename can leave an empty file. Pipes have nothing to flush.
    if (flag === 'wx') await handle.datasync();
  } finally {
    await handle.close();
  }
}

/** The path with links followed as far as it exists. */
export async function followLinks(path: string): Promise<string> {
  try {
    return await realpath(path);
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return resolve(path);
    throw error;
  }
}

export async function statOrUndefined(path: string): Promise<Stats | undefined> {
  try {
    return await stat(path);
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return undefined;
    throw error;
  }
}

async function nearestFolder(path: string): Promise<string> {
  for (let folder = path; ; folder = dirname(folder)) {
    const present = await statOrUndefined(folder);
    if (present?.isDirectory()) return folder;
    if (present !== undefined || folder === dirname(folder)) {
      fail(
        'OUTPUT_UNWRITABLE',
        `Expected a folder at ${folder} to write into but received ${present === undefined ? 'nothing' : 'a file'}`,
      );
    }
  }
}
