import { execFileSync } from 'node:child_process';
import {
  chmod,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rm,
  stat,
  symlink,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { assertWritable, failToWrite, readBytes, writeAtomically } from './files.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'bigrid-files-'));
});
afterEach(() => rm(folder, { recursive: true }));

describe('writeAtomically', () => {
  it('writes text and bytes and leaves nothing else', async () => {
    await writeAtomically(join(folder, 'a.txt'), 'hällo');
    await writeAtomically(join(folder, 'b.bin'), Uint8Array.of(1, 2, 3));
    expect(await readFile(join(folder, 'a.txt'), 'utf8')).toBe('hällo');
    expect([...(await readFile(join(folder, 'b.bin')))]).toEqual([1, 2, 3]);
    expect((await readdir(folder)).sort()).toEqual(['a.txt', 'b.bin']);
  });

  it('makes missing parent folders', async () => {
    const path = join(folder, 'results', 'today', 'model.onnx');
    await writeAtomically(path, 'x');
    expect(await readFile(path, 'utf8')).toBe('x');
  });

  it('replaces a file and keeps its mode', async () => {
    const path = join(folder, 'a.txt');
    await writeFile(path, 'old');
    await chmod(path, 0o640);
    await writeAtomically(path, 'new');
    expect(await readFile(path, 'utf8')).toBe('new');
    expect((await stat(path)).mode & 0o777).toBe(0o640);
  });

  it('follows a link instead of replacing it', async () => {
    await writeFile(join(folder, 'real.txt'), 'old');
    await symlink(join(folder, 'real.txt'), join(folder, 'link.txt'));
    await writeAtomically(join(folder, 'link.txt'), 'new');
    expect(await readFile(join(folder, 'real.txt'), 'utf8')).toBe('new');
  });

  it.skipIf(process.platform === 'win32')('writes to a device without replacing it', async () => {
    await writeAtomically('/dev/null', 'x');
    expect((await stat('/dev/null')).isCharacterDevice()).toBe(true);
  });

  it('takes names as long as the system allows', async () => {
    const path = join(folder, 'n'.repeat(250));
    await writeAtomically(path, 'x');
    expect(await readFile(path, 'utf8')).toBe('x');
  });

  it('lets no reader see a part', async () => {
    const path = join(folder, 'a.bin');
    const size = 4_000_000;
    await writeAtomically(path, new Uint8Array(size));
    let writing = true;
    const write = writeAtomically(path, new Uint8Array(size).fill(1)).finally(() => {
      writing = false;
    });
    while (writing) expect((await stat(path)).size).toBe(size);
    await write;
  });

  it('names a folder in its place', async () => {
    await expect(writeAtomically(folder, 'x')).rejects.toMatchObject({
      code: 'OUTPUT_UNWRITABLE',
      message: `Expected a file to write at ${folder} but received a folder`,
    });
  });

  it('names a file where a folder should be', async () => {
    await writeFile(join(folder, 'plain'), 'x');
    const path = join(folder, 'plain', 'sub', 'a.txt');
    await expect(writeAtomically(path, 'x')).rejects.toMatchObject({
      code: 'OUTPUT_UNWRITABLE',
      message: `Expected to write ${path} but received: a part of the path is a file, not a folder (ENOTDIR)`,
    });
  });

  it('removes the temporary file when it is stopped', async () => {
    const controller = new AbortController();
    const path = join(folder, 'a.bin');
    await writeFile(path, 'old');
    const write = writeAtomically(path, new Uint8Array(64_000_000), { signal: controller.signal });
    setTimeout(() => controller.abort(), 2);
    await expect(write).rejects.toMatchObject({ code: 'CANCELLED' });
    expect(await readdir(folder)).toEqual(['a.bin']);
    expect(await readFile(path, 'utf8')).toBe('old');
  });

  it('does nothing for a signal that is aborted already', async () => {
    const path = join(folder, 'a');
    const write = writeAtomically(path, 'x', { signal: AbortSignal.abort() });
    await expect(write).rejects.toMatchObject({ code: 'CANCELLED' });
    expect(await readdir(folder)).toEqual([]);
  });

  // A device that is always full, as a disk is that ran out of room.
  it.skipIf(process.platform !== 'linux')('says that the disk is full', async () => {
    await expect(writeAtomically('/dev/full', 'x')).rejects.toMatchObject({
      code: 'OUTPUT_UNWRITABLE',
      message: 'Expected to write /dev/full but received: no space left on the disk (ENOSPC)',
    });
  });

  it.each([
    ['EACCES', 'permission denied (EACCES)'],
    ['EROFS', 'the file system is read-only (EROFS)'],
    ['EWEIRD', 'something else'],
  ])('words %s', (code, reason) => {
    const error = Object.assign(new Error('something else'), { code });
    expect(() => failToWrite('/out', error)).toThrow(
      `Expected to write /out but received: ${reason}`,
    );
  });
});

describe('assertWritable', () => {
  it('agrees to new and present files, and leaves nothing behind', async () => {
    await writeFile(join(folder, 'old'), 'old');
    await assertWritable(join(folder, 'old'));
    await assertWritable(join(folder, 'new'));
    await assertWritable(join(folder, 'deep', 'down', 'new'));
    expect(await readdir(folder)).toEqual(['old']);
    expect(await readFile(join(folder, 'old'), 'utf8')).toBe('old');
  });

  it('refuses what cannot be written', async () => {
    await writeFile(join(folder, 'plain'), 'x');
    await mkdir(join(folder, 'sub'));
    for (const path of [join(folder, 'sub'), join(folder, 'plain', 'a', 'b')]) {
      await expect(assertWritable(path)).rejects.toMatchObject({ code: 'OUTPUT_UNWRITABLE' });
    }
  });

  // The superuser may write into every folder.
  it.skipIf(process.getuid?.() === 0)('refuses a folder without permission', async () => {
    await mkdir(join(folder, 'locked'), { mode: 0o555 });
    await expect(assertWritable(join(folder, 'locked', 'a'))).rejects.toMatchObject({
      code: 'OUTPUT_UNWRITABLE',
    });
  });

  // /proc takes no files, not even from the superuser.
  it.skipIf(process.platform !== 'linux')('refuses a file system that takes no files', async () => {
    await expect(assertWritable('/proc/bigrid/model.onnx')).rejects.toMatchObject({
      code: 'OUTPUT_UNWRITABLE',
      message: expect.stringContaining('/proc/bigrid/model.onnx'),
    });
  });
});

describe('readBytes', () => {
  it('reads a file', async () => {
    await writeFile(join(folder, 'a'), 'abc');
    expect([...(await readBytes(join(folder, 'a')))]).toEqual([97, 98, 99]);
  });

  it('tells a missing file from a folder', async () => {
    const missing = join(folder, 'none');
    await expect(readBytes(missing)).rejects.toMatchObject({
      code: 'PATH_MISSING',
      message: `Expected a file at ${missing} but received nothing: no such file or folder (ENOENT)`,
    });
    await expect(readBytes(folder)).rejects.toMatchObject({
      code: 'PATH_UNREADABLE',
      message: expect.stringContaining('it is a folder'),
    });
  });

  it.skipIf(process.platform === 'win32')('reads a pipe, but no device', async () => {
    execFileSync('mkfifo', [join(folder, 'pipe')]);
    const reading = readBytes(join(folder, 'pipe'));
    await writeFile(join(folder, 'pipe'), 'abc');
    expect([...(await reading)]).toEqual([97, 98, 99]);
    await expect(readBytes('/dev/zero')).rejects.toMatchObject({
      code: 'PATH_UNREADABLE',
      message: 'Expected a file to read at /dev/zero but received: it is a device',
    });
  });
});
