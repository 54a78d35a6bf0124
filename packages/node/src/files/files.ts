import { constants, type Stats } from 'node:fs';
import { basename, dirname, extname, resolve } from 'node:path';
import { fail, isBigridError } from '@bigrid/errors';
import { access, chmod, mkdir, open, readFile, realpath, rename, rm, stat } from './system.ts';
import { temporaryPath } from './temporary.ts';

export interface WriteOptions {
  /** Stops the write; what was written so far is taken away again. */
  readonly signal?: AbortSignal | undefined;
  /** Folder for the temporary file, on the same disk. Default: that of the file. */
  readonly temporaryIn?: string | undefined;
}

const NO_ROOM = 'Free some space, or choose another disk.';

/**
 * Reads a whole file, or a pipe to its end.
 *
 * @throws PATH_MISSING when there is none; PATH_UNREADABLE when it may not be read, is a folder, or is a device, which
 *   may have no end (`/dev/zero`).
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
 * Turns an error of the file system met while reading into one of the registry.
 *
 * @param expected what should have been at `path`, with its article: "a file", "a folder".
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
 * Writes a file so that whoever looks at `path` sees the old content or the whole new one, never a part:
 * into a temporary file beside it, flushed to the disk, then renamed. Missing parent folders are made, since
 * people name a folder of results before it exists. A link is followed; a device or a pipe (`/dev/stdout`)
 * is written to directly, for a rename would replace it. Whatever goes wrong, the temporary file is removed; where the
 * process is killed, the next one that writes into the folder removes it.
 *
 * @throws OUTPUT_UNWRITABLE naming the path and the reason; CANCELLED when `signal` is aborted.
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
    // A file that others may read should not become private because it was written anew.
    if (present !== undefined) await chmod(temporary, present.mode & 0o777);
    signal?.throwIfAborted();
    await rename(temporary, target);
  } catch (error) {
    if (temporary !== undefined) await rm(temporary, { force: true }).catch(() => {});
    if (signal?.aborted) {
      fail('CANCELLED', `Writing ${path} was stopped`, { cause: error });
    }
    failToWrite(path, error);
  }
}

/**
 * Finds out before a long run whether {@link writeAtomically} could write `path`: probes the nearest folder
 * above it that exists with an empty temporary file, and makes nothing that stays.
 *
 * @throws OUTPUT_UNWRITABLE naming the path and the reason.
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
 * As {@link assertWritable}, for a model file: its name has to say that it is one, for other programs go by it.
 *
 * @throws OPTION_INVALID where the name ends like another kind of file; OUTPUT_UNWRITABLE
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
 * Turns an error met while writing into OUTPUT_UNWRITABLE; one of the registry passes through as it is.
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

/** What an error of the operating system says, and what to do where it is not what the registry says. */
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
  EFBIG: { words: 'the file is larger than may be written here', remedy: NO_ROOM },
  EIO: { words: 'the disk reports an input/output error', remedy: 'Check the disk.' },
  ELOOP: { words: 'its links go round in a circle', remedy: 'Correct the links in the path.' },
  ENAMETOOLONG: { words: 'the name is too long', remedy: 'Choose a shorter name.' },
};

/** What an error of the operating system says, in words. */
export function reasonOf(error: unknown): string {
  const code = systemCode(error);
  const known = code === undefined ? undefined : reasons[code];
  if (known !== undefined) return `${known.words} (${code})`;
  return error instanceof Error ? error.message : String(error);
}

/** What to do about an error of the operating system; undefined where the registry says it. */
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
    // Without it a power cut soon after the rename can leave an empty file. Pipes have nothing to flush.
    if (flag === 'wx') await handle.datasync();
  } finally {
    await handle.close();
  }
}

/** The path of the file that is meant, with links followed as far as there is something. */
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
