import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { takeLock } from './lock.ts';

let folder: string;
let path: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'bigrid-lock-'));
  path = join(folder, 'lock');
});
afterEach(() => rm(folder, { recursive: true }));

const write = (holder: object) => writeFile(path, JSON.stringify({ host: hostname(), ...holder }));
const took = async () => {
  const unlock = await takeLock(path, 'model.onnx');
  expect(JSON.parse(await readFile(path, 'utf8')).pid).toBe(process.pid);
  expect(await readdir(folder)).toEqual(['lock']);
  await unlock();
  expect(await readdir(folder)).toEqual([]);
};

it('is held until it is given back, also within one process', async () => {
  const unlock = await takeLock(path, 'model.onnx');
  await expect(takeLock(path, 'model.onnx')).rejects.toMatchObject({
    code: 'OUTPUT_BUSY',
    message: `Expected no other training for model.onnx but received one that runs: process ${process.pid} on ${hostname()} holds ${path}`,
  });
  await unlock();
  await took();
});

it('is taken by one alone of many who want it', async () => {
  const outcomes = await Promise.allSettled(
    Array.from({ length: 8 }, () => takeLock(path, 'model.onnx')),
  );
  const taken = outcomes.filter(({ status }) => status === 'fulfilled');
  expect(taken).toHaveLength(1);
});

it('is respected while its process runs, and taken over when that was killed', async () => {
  const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)']);
  await once(child, 'spawn');
  await write({ pid: child.pid });
  await expect(takeLock(path, 'model.onnx')).rejects.toMatchObject({ code: 'OUTPUT_BUSY' });
  child.kill('SIGKILL');
  await once(child, 'close');
  await took();
});

it.skipIf(process.platform !== 'linux')(
  'is taken over from a process of the same number',
  async () => {
    await write({ pid: process.ppid, began: '1' });
    await took();
  },
);

it('is taken over from an earlier process with the number of this one, as in a container', async () => {
  await write({ pid: process.pid });
  await took();
});

it('is taken over when its process was killed before it could write into it', async () => {
  await writeFile(path, '');
  await took();
});

it('is respected when another machine holds it, which cannot be asked', async () => {
  await write({ pid: 1, host: 'elsewhere' });
  await expect(takeLock(path, 'model.onnx')).rejects.toThrow('process 1 on elsewhere holds');
});

it('says why it cannot be taken', async () => {
  await expect(takeLock(join(folder, 'none', 'lock'), 'model.onnx')).rejects.toMatchObject({
    code: 'OUTPUT_UNWRITABLE',
  });
});
