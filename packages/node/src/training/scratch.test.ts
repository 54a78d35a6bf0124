import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { fileScratch } from './scratch.ts';

let folder: string;
const before = process.env.TMPDIR;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'bigrid-scratch-'));
  process.env.TMPDIR = folder;
});
afterEach(async () => {
  if (before === undefined) delete process.env.TMPDIR;
  else process.env.TMPDIR = before;
  await rm(folder, { recursive: true });
});

describe.skipIf(process.platform === 'win32')('fileScratch', () => {
  it('gives back the blocks that were appended, in any order', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 64 }),
        fc.array(fc.nat(255), { minLength: 1, maxLength: 20 }),
        async (size, fills) => {
          const scratch = await fileScratch(size);
          for (const fill of fills) await scratch.append(new Uint8Array(size).fill(fill));
          const target = new Uint8Array(size);
          for (let i = fills.length - 1; i >= 0; i--) {
            await scratch.read(i, target);
            expect(target).toEqual(new Uint8Array(size).fill(fills[i] ?? 0));
          }
          await scratch.dispose();
        },
      ),
      { numRuns: 30 },
    );
  });

  it('keeps the order of appends that overlap', async () => {
    const scratch = await fileScratch(1000);
    await Promise.all(
      Array.from({ length: 20 }, (_, i) => scratch.append(new Uint8Array(1000).fill(i))),
    );
    const target = new Uint8Array(1000);
    for (let i = 0; i < 20; i++) {
      await scratch.read(i, target);
      expect(target[0]).toBe(i);
      expect(target[999]).toBe(i);
    }
    await scratch.dispose();
  });

  it('has no name, so that a killed process leaves nothing', async () => {
    const scratch = await fileScratch(10);
    await scratch.append(new Uint8Array(10));
    expect(await readdir(folder)).toEqual([]);
    await scratch.dispose();
    await scratch.dispose();
  });

  it('names TMPDIR where nothing can be written there', async () => {
    await writeFile(join(folder, 'file'), '');
    for (const name of ['missing', 'file']) {
      process.env.TMPDIR = join(folder, name);
      await expect(fileScratch(10)).rejects.toMatchObject({
        code: 'OUTPUT_UNWRITABLE',
        message: expect.stringContaining('.scratch, in the folder that TMPDIR names, but received'),
      });
    }
  });

  it('works on views into larger buffers', async () => {
    const scratch = await fileScratch(4);
    await scratch.append(Uint8Array.of(9, 1, 2, 3, 4, 9).subarray(1, 5));
    const around = new Uint8Array(8);
    await scratch.read(0, around.subarray(2, 6));
    expect([...around]).toEqual([0, 0, 1, 2, 3, 4, 0, 0]);
    await scratch.dispose();
  });

  it('refuses blocks and indices that do not fit', async () => {
    await expect(fileScratch(0)).rejects.toMatchObject({ code: 'OPTION_INVALID' });
    const scratch = await fileScratch(4);
    await expect(scratch.append(new Uint8Array(3))).rejects.toThrow(
      'Expected 4 bytes for the block to append but received 3',
    );
    await scratch.append(new Uint8Array(4));
    await expect(scratch.read(0, new Uint8Array(5))).rejects.toMatchObject({
      code: 'OPTION_INVALID',
    });
    for (const index of [-1, 1, 0.5]) {
      await expect(scratch.read(index, new Uint8Array(4))).rejects.toThrow(
        `Expected an index from 0 to 0 for a block but received ${index}`,
      );
    }
    await scratch.dispose();
    await expect(scratch.append(new Uint8Array(4))).rejects.toMatchObject({
      code: 'OUTPUT_UNWRITABLE',
    });
  });

  it('says where it cannot be made', async () => {
    await writeFile(join(folder, 'plain'), '');
    process.env.TMPDIR = join(folder, 'plain');
    await expect(fileScratch(4)).rejects.toMatchObject({
      code: 'OUTPUT_UNWRITABLE',
      message: expect.stringContaining('a part of the path is a file'),
    });
  });
});
