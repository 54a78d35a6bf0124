import { createHash } from 'node:crypto';
import { readdir, readFile, stat, utimes } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { expect, it } from 'vitest';
import { useFolder } from '../../testing/server.ts';
import { FileRepository } from './files.ts';

const at = useFolder();
const incoming = (folder: string) => readdir(at(folder, 'incoming'));
const hashOf = (content: string) => createHash('sha256').update(content).digest('hex');

it('stores files by their content, each once', async () => {
  const files = await FileRepository.open(at('once'));
  const first = await files.receive(Readable.from(['ab', 'c']), 100);
  expect(first).toMatchObject({ hash: hashOf('abc'), bytes: 3 });
  expect(await files.has(first.hash)).toBe(false);
  await files.store(first);
  await files.store(await files.receive(Readable.from(['abc']), 100));
  expect(await readFile(files.pathOf(first.hash), 'utf8')).toBe('abc');
  expect(await text(files.read(first.hash))).toBe('abc');
  expect(await incoming('once')).toEqual([]);
});

it('leaves nothing of a file that is too large or cut off', async () => {
  const files = await FileRepository.open(at('cut'));
  await expect(files.receive(Readable.from(['abc', 'def']), 5)).rejects.toMatchObject({
    code: 'REQUEST_TOO_LARGE',
  });
  async function* cut() {
    yield 'abc';
    throw new Error('connection lost');
  }
  await expect(files.receive(Readable.from(cut()), 100)).rejects.toMatchObject({
    code: 'REQUEST_INVALID',
  });
  expect(await incoming('cut')).toEqual([]);
});

it('removes what an earlier process left, and what nothing refers to', async () => {
  const earlier = await FileRepository.open(at('left'));
  await earlier.receive(Readable.from(['half']), 100);
  const [kept, orphan] = [
    await earlier.receive(Readable.from(['kept']), 100),
    await earlier.receive(Readable.from(['orphan']), 100),
  ];
  await earlier.store(kept);
  await earlier.store(orphan);
  const files = await FileRepository.open(at('left'));
  expect(await incoming('left')).toEqual([]);
  await files.removeAllBut(new Set([kept.hash]), Date.now());
  expect([await files.has(kept.hash), await files.has(orphan.hash)]).toEqual([true, false]);
});

it('keeps what was just stored, also if it was there before', async () => {
  const files = await FileRepository.open(at('young'));
  const store = async (content: string) => {
    const received = await files.receive(Readable.from([content]), 100);
    await files.store(received);
    return received.hash;
  };
  const [old, again] = [await store('old'), await store('again')];
  const hourAgo = new Date(Date.now() - 3_600_000);
  for (const hash of [old, again]) await utimes(files.pathOf(hash), hourAgo, hourAgo);
  const young = await store('young');
  await store('again');
  // Trainings resume on images of the same dates only.
  expect((await stat(files.pathOf(again))).mtime).toEqual(hourAgo);
  await files.removeAllBut(new Set(), Date.now() - 60_000);
  const left = await Promise.all([old, again, young].map((hash) => files.has(hash)));
  expect(left).toEqual([false, true, true]);
});
