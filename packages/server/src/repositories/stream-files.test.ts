import { mkdir, mkdtemp, readdir, readFile, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, expect, onTestFinished, test } from 'vitest';
import { appendLine, StreamFiles } from './stream-files.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'bigrid-files-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
});

test.each([
  ['no file', undefined, 'new\n'],
  ['an empty file', '', 'new\n'],
  ['whole lines', 'one\ntwo\n', 'one\ntwo\nnew\n'],
  ['part of a line', 'one\ntwo\nthr', 'one\ntwo\nnew\n'],
  ['part of the first line', 'on', 'new\n'],
  ['part of a long line', `one\n${'x'.repeat(200_000)}`, 'one\nnew\n'],
])('a line is appended to %s', async (_, before, after) => {
  const path = join(folder, 'lines', 'a.jsonl');
  await mkdir(join(folder, 'lines'));
  if (before !== undefined) await writeFile(path, before);
  expect(await appendLine(path, 'new')).toBe(after.length);
  expect(await readFile(path, 'utf8')).toBe(after);
});

test('a line that cannot be written is an error of the registry', async () => {
  await writeFile(join(folder, 'file'), '');
  const failed = appendLine(join(folder, 'file', 'a.jsonl'), 'new');
  await expect(failed).rejects.toMatchObject({ code: 'OUTPUT_UNWRITABLE' });
});

test('files are deleted by their age and size, those of one stream alone', async () => {
  const files = new StreamFiles(folder);
  const write = async (path: string, days: number) => {
    await files.write(path, Buffer.from('x'));
    const time = new Date(Date.now() - days * 86_400_000);
    await utimes(path, time, time);
  };
  await write(files.pathOf(1, 'images', 'normal', 'old.png'), 8);
  await write(files.pathOf(1, 'images', 'normal', 'new.png'), 6);
  await write(files.pathOf(2, 'images', 'old.png'), 8);
  await write(files.pathOf(1, 'images', 'anomalous', 'newer.png'), 5);
  await write(files.pathOf(1, 'images', 'anomalous', 'newest.png'), 4);
  const left = async () => {
    const names = await readdir(files.pathOf(1, 'images'), { recursive: true });
    return names.filter((name) => name.endsWith('.png')).sort();
  };
  const [newer, newest, last] = [
    join('anomalous', 'newer.png'),
    join('anomalous', 'newest.png'),
    join('normal', 'new.png'),
  ];
  await files.prune(files.pathOf(3), { days: 7, mostBytes: 0 });
  await files.prune(files.pathOf(1, 'images'), { days: 7, mostBytes: 3 });
  expect(await left()).toEqual([newer, newest, last]);
  await files.prune(files.pathOf(1, 'images'), { days: 7, mostBytes: 2 });
  expect(await left()).toEqual([newer, newest]);
  await files.prune(files.pathOf(1, 'images'), { days: 3, mostBytes: 0 });
  expect(await left()).toEqual([newest]);
  await files.remove(1);
  expect(await readdir(join(folder, 'streams'))).toEqual(['2']);
});
