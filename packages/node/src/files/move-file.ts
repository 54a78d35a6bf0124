import { basename, dirname, join, parse } from 'node:path';
import { failToWrite, systemCode } from './files.ts';
import { copyFile, mkdir, open, rename, rm, stat } from './system.ts';

/** A path in a folder that no file has yet; a number is appended if necessary. */
export async function freeName(folder: string, relativePath: string): Promise<string> {
  const { dir, name, ext } = parse(join(folder, relativePath));
  for (let number = 1; ; number++) {
    const path = join(dir, `${name}${number === 1 ? '' : `-${number}`}${ext}`);
    if ((await sizeOf(path)) === undefined) return path;
  }
}

/**
 * Moves a file, also to another drive, without overwriting an existing one. Missing folders are created. An empty file
 * reserves the name first, because a rename would overwrite another file.
 * @param isResumed whether an interrupted move may have left the empty file
 * @returns whether it was moved: false if the file is gone or the name is taken
 * @throws OUTPUT_UNWRITABLE
 */
export async function moveFile(from: string, to: string, isResumed = false): Promise<boolean> {
  try {
    if ((await sizeOf(from)) === undefined) return false;
    await mkdir(dirname(to), { recursive: true });
    if (!(await takeName(to)) && !(isResumed && (await sizeOf(to)) === 0)) return false;
    await rename(from, to).catch(async (error: unknown) => {
      if (systemCode(error) !== 'EXDEV') throw error;
      const temporary = join(dirname(to), `.${basename(to)}.moving`);
      await copyFile(from, temporary);
      await rename(temporary, to);
      await rm(from);
    });
    return true;
  } catch (error) {
    return failToWrite(to, error);
  }
}

async function takeName(path: string): Promise<boolean> {
  try {
    await (await open(path, 'wx')).close();
    return true;
  } catch (error) {
    if (systemCode(error) === 'EEXIST') return false;
    throw error;
  }
}

async function sizeOf(path: string): Promise<number | undefined> {
  return stat(path).then(
    ({ size }) => size,
    () => undefined,
  );
}
