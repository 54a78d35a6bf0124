import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, expect, onTestFinished, test } from 'vitest';
import { moveFile, reserveFile } from './move-file.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'bigrid-move-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  await writeFile(join(folder, 'a.png'), 'a picture');
});

test('many who ask for one name at once get one each', async () => {
  const out = join(folder, 'out');
  const names = await Promise.all(Array.from({ length: 10 }, () => reserveFile(out, 'deep/a.png')));
  expect(new Set(names).size).toBe(10);
  expect(names).toContain(join(out, 'deep', 'a.png'));
  expect(names).toContain(join(out, 'deep', 'a-10.png'));
});

test.each([
  ['the same drive', () => folder],
  // Memory is another drive than the disk on most machines, and then a rename is refused.
  ['perhaps another drive', () => '/dev/shm'],
])('a file is moved to %s', async (_what, place) => {
  const out = await mkdtemp(join(place(), 'bigrid-moved-')).catch(() => join(folder, 'out'));
  onTestFinished(() => rm(out, { recursive: true, force: true }));
  const reserved = await reserveFile(out, 'a.png');
  expect(await moveFile(join(folder, 'a.png'), reserved)).toBe(true);
  expect(await readFile(reserved, 'utf8')).toBe('a picture');
  expect(await readdir(out)).toEqual(['a.png']);
  expect((await readdir(folder)).includes('a.png')).toBe(false);
});

test('a file that is gone leaves nothing behind; a name that is used stays as it is', async () => {
  const reserved = await reserveFile(join(folder, 'out'), 'a.png');
  expect(await moveFile(join(folder, 'gone.png'), reserved)).toBe(false);
  expect(await readdir(join(folder, 'out'))).toEqual([]);
  await writeFile(reserved, 'another');
  expect(await moveFile(join(folder, 'a.png'), reserved)).toBe(false);
  expect(await readFile(reserved, 'utf8')).toBe('another');
  expect(await readFile(join(folder, 'a.png'), 'utf8')).toBe('a picture');
});

test('a folder that is a file is refused', async () => {
  await expect(reserveFile(join(folder, 'a.png'), 'b.png')).rejects.toMatchObject({
    code: 'OUTPUT_UNWRITABLE',
  });
});
