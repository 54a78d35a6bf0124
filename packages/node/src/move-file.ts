import { copyFile, mkdir, open, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, join, parse } from 'node:path';
import { failToWrite, systemCode } from './files.ts';

/**
 * Takes a name in a folder by putting an empty file there, so that nobody else takes it. A number is added where one of
 * that name is there already.
 * @param relativePath below `folder`; missing folders are made
 * @throws OUTPUT_UNWRITABLE
 */
export async function reserveFile(folder: string, relativePath: string): Promise<string> {
  const { dir, name, ext } = parse(join(folder, relativePath));
  try {
    await mkdir(dir, { recursive: true });
    for (let number = 1; ; number++) {
      const path = join(dir, `${name}${number === 1 ? '' : `-${number}`}${ext}`);
      try {
        await (await open(path, 'wx')).close();
        return path;
      } catch (error) {
        if (systemCode(error) !== 'EEXIST') throw error;
      }
    }
  } catch (error) {
    return failToWrite(join(folder, relativePath), error);
  }
}

/**
 * Moves a file over the empty one that was reserved for it, also to another drive: whoever looks sees that one or the
 * whole one.
 * @returns whether it was moved: not when it is gone, or when the name has been used since it was reserved
 * @throws OUTPUT_UNWRITABLE
 */
export async function moveFile(from: string, reserved: string): Promise<boolean> {
  try {
    const [source, target] = await Promise.all([sizeOf(from), sizeOf(reserved)]);
    if (target) return false;
    if (source === undefined) {
      await rm(reserved, { force: true });
      return false;
    }
    await rename(from, reserved).catch(async (error: unknown) => {
      if (systemCode(error) !== 'EXDEV') throw error;
      const temporary = join(dirname(reserved), `.${basename(reserved)}.moving`);
      await copyFile(from, temporary);
      await rename(temporary, reserved);
      await rm(from);
    });
    return true;
  } catch (error) {
    return failToWrite(reserved, error);
  }
}

async function sizeOf(path: string): Promise<number | undefined> {
  return stat(path).then(
    ({ size }) => size,
    () => undefined,
  );
}
