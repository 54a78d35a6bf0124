import { mkdtemp, readdir, rm, symlink, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { imageEntry } from '../images/images.ts';
import { hasCheckpoint, identifyImages, openCheckpoint } from './checkpoint-folder.ts';

let folder: string;
let out: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'bigrid-checkpoint-'));
  out = join(folder, 'model.onnx');
});
afterEach(() => rm(folder, { recursive: true }));

const identity = {
  options: { seed: 1, method: { depth: 2, taps: [1, 2] }, threads: undefined },
  images: { 'part: 0.png': '5 bytes', 'part: 1.png': '6 bytes' },
};
type Identity = Parameters<typeof openCheckpoint>[1];
const open = async (resume = true, of: Identity = identity) => {
  const opened = await openCheckpoint(out, of, { resume });
  if (!opened) throw new Error('no checkpoint');
  return opened;
};

/** What a training that was cut off after two images leaves. */
async function leave(): Promise<void> {
  const checkpoint = await open(false);
  const scratch = await checkpoint.openScratch(2, 0);
  await scratch.append(Uint8Array.of(1, 2));
  await scratch.append(Uint8Array.of(3, 4));
  await checkpoint.save(Uint8Array.of(7, 8, 9));
  await scratch.append(Uint8Array.of(5, 6));
  await scratch.dispose();
  await checkpoint.close({ succeeded: false });
}

it('gives the next run what was saved', async () => {
  await leave();
  expect(await hasCheckpoint(out)).toBe(true);
  const checkpoint = await open();
  expect([...(checkpoint.saved ?? [])]).toEqual([7, 8, 9]);
  const scratch = await checkpoint.openScratch(2, 2);
  const block = new Uint8Array(2);
  await scratch.read(1, block);
  expect([...block]).toEqual([3, 4]);
  await expect(scratch.read(2, block)).rejects.toMatchObject({ code: 'OPTION_INVALID' });
  await scratch.append(Uint8Array.of(8, 9));
  await scratch.read(2, block);
  expect([...block]).toEqual([8, 9]);
  await scratch.dispose();
  await checkpoint.close({ succeeded: true });
  expect(await readdir(folder)).toEqual([]);
});

it('is dropped by a training that does not resume', async () => {
  await leave();
  const checkpoint = await open(false);
  expect(checkpoint.saved).toBeUndefined();
  expect(await hasCheckpoint(out)).toBe(false);
  await checkpoint.close({ succeeded: false });
  expect(await readdir(folder)).toEqual([]);
});

it('leaves no folder that it made when nothing was saved', async () => {
  out = join(folder, 'new', 'er', 'model.onnx');
  await (await open()).close({ succeeded: false });
  expect(await readdir(folder)).toEqual([]);
});

it('is refused for another training, with what differs', async () => {
  await leave();
  const other = {
    options: { seed: 2, method: { depth: 2, taps: [1, 3] }, threads: 4 },
    images: { 'part: 1.png': '7 bytes', 'part: 2.png': '6 bytes' },
  };
  await expect(open(true, other)).rejects.toMatchObject({
    code: 'CHECKPOINT_MISMATCH',
    message: `Expected the training that ${out}.checkpoint belongs to but received another:
  seed: 1 before, 2 now
  method.taps: [1,2] before, [1,3] now
  threads: nothing before, 4 now
  part: 0.png: 5 bytes before, not there now
  part: 1.png: 6 bytes before, 7 bytes now
  and 1 more`,
  });
  // It stays for its own training.
  expect((await open()).saved).toBeDefined();
});

it.each([
  ['its description is gone', 'training.json', undefined],
  ['its description is cut short', 'training.json', '{"options": {'],
  ['its description is of something else', 'training.json', 'null'],
  [
    'its description is too deep',
    'training.json',
    `${'{"options":'.repeat(1e5)}1${'}'.repeat(1e5)}`,
  ],
  ['features are gone', 'features', undefined],
  ['features are cut short', 'features', 'abc'],
])('is refused when %s', async (_, name, content) => {
  await leave();
  const file = join(`${out}.checkpoint`, name);
  await (content === undefined ? rm(file) : writeFile(file, content));
  const resumed = open().then((checkpoint) => checkpoint.openScratch(2, 2));
  await expect(resumed).rejects.toMatchObject({ code: 'CHECKPOINT_INVALID' });
});

it('is locked against a second training', async () => {
  const checkpoint = await open();
  await expect(open()).rejects.toMatchObject({
    code: 'IN_USE',
    message: expect.stringContaining(`${out}.checkpoint`),
  });
  await checkpoint.close({ succeeded: true });
  await (await open()).close({ succeeded: true });
});

it('is next to the file that a link leads to', async () => {
  await writeFile(join(folder, 'real.onnx'), 'old');
  await symlink(join(folder, 'real.onnx'), out);
  const checkpoint = await open();
  expect(checkpoint.path).toBe(join(folder, 'real.onnx.checkpoint'));
  await checkpoint.close({ succeeded: true });
});

it('is none for a device', async () => {
  expect(await openCheckpoint('/dev/null', identity, {})).toBeUndefined();
});

it('knows images by place, size and date, wherever their folder lies', async () => {
  const classes = (names: string[]) => [
    { name: 'part', entries: names.map((name) => imageEntry(join(folder, name))) },
  ];
  await writeFile(join(folder, '0.png'), 'abc');
  await utimes(join(folder, '0.png'), 5, 5);
  expect(await identifyImages(folder, classes(['0.png', 'none.png']))).toEqual({
    'part: 0.png': '3 bytes of 1970-01-01T00:00:05.000Z',
    'part: none.png': 'nothing that can be read',
  });
});
