import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, expect, onTestFinished, test } from 'vitest';
import { freeName, moveFile } from './move-file.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'bigrid-move-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  await writeFile(join(folder, 'a.png'), 'an image');
});

test('of many who want one name at once, one gets it and nothing is lost', async () => {
  const to = join(folder, 'out', 'deep', 'x.png');
  const names = Array.from({ length: 10 }, (_, i) => `${i}.png`);
  for (const name of names) await writeFile(join(folder, name), name);
  const moved = await Promise.all(names.map((name) => moveFile(join(folder, name), to)));
  expect(moved.filter(Boolean)).toHaveLength(1);
  expect(await readFile(to, 'utf8')).toBe(names[moved.indexOf(true)]);
  expect((await readdir(folder)).filter((name) => /^\d/.test(name))).toHaveLength(9);
  expect(await freeName(join(folder, 'out'), 'deep/x.png')).toBe(to.replace('x.png', 'x-2.png'));
});

test.each([
  ['the same drive', () => folder],
  // Memory is another drive than the disk on most machines, and then a rename is refused.
  ['perhaps another drive', () => '/dev/shm'],
])('a file is moved to %s', async (_what, place) => {
  const out = await mkdtemp(join(place(), 'bigrid-moved-')).catch(() => join(folder, 'out'));
  onTestFinished(() => rm(out, { recursive: true, force: true }));
  const to = await freeName(out, 'a.png');
  expect(await moveFile(join(folder, 'a.png'), to)).toBe(true);
  expect(await readFile(to, 'utf8')).toBe('an image');
  expect(await readdir(out)).toEqual(['a.png']);
  expect((await readdir(folder)).includes('a.png')).toBe(false);
});

test('a file that is gone leaves nothing behind; a name that is taken stays as it is', async () => {
  const [from, to] = [join(folder, 'a.png'), join(folder, 'b.png')];
  expect(await moveFile(join(folder, 'gone.png'), to)).toBe(false);
  expect(await readdir(folder)).toEqual(['a.png']);
  await writeFile(to, 'another');
  expect([await moveFile(from, to), await moveFile(from, to, true)]).toEqual([false, false]);
  expect(await readFile(to, 'utf8')).toBe('another');
  expect(await readFile(from, 'utf8')).toBe('an image');
  // Only who knows that the empty file is its own goes on.
  await writeFile(to, '');
  expect([await moveFile(from, to), await moveFile(from, to, true)]).toEqual([false, true]);
});

test('a folder that is a file is refused', async () => {
  await writeFile(join(folder, 'b.png'), '');
  await expect(
    moveFile(join(folder, 'a.png'), join(folder, 'b.png', 'a.png')),
  ).rejects.toMatchObject({ code: 'OUTPUT_UNWRITABLE' });
});
