import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readdir, rename, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'bigrid-temporary-'));
});
afterEach(() => rm(folder, { recursive: true }));

/** A process that writes `name` and never comes to an end. @returns once its temporary file is there */
async function writing(name: string): Promise<ChildProcess> {
  const module = JSON.stringify(new URL('./files.ts', import.meta.url));
  // A rename that hangs is what a kill in the middle of writing is like.
  const program = `
    import fs from 'node:fs/promises';
    import { syncBuiltinESMExports } from 'node:module';
    fs.rename = () => { console.log('written'); return new Promise(() => {}); };
    syncBuiltinESMExports();
    const { writeAtomically } = await import(${module});
    setInterval(() => {}, 1000);
    await writeAtomically(${JSON.stringify(join(folder, name))}, 'a part');`;
  const child = spawn(process.execPath, ['--input-type=module', '--eval', program], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  await once(child.stdout as NodeJS.ReadableStream, 'data');
  return child;
}

async function killed(name: string): Promise<string> {
  const before = await readdir(folder);
  const child = await writing(name);
  child.kill('SIGKILL');
  await once(child, 'exit');
  const left = (await readdir(folder)).filter((file) => !before.includes(file));
  expect(left).toHaveLength(1);
  return join(folder, left[0] as string);
}

/** As another process does, which has not looked at the folder yet. */
async function write(name: string): Promise<void> {
  vi.resetModules();
  const { writeAtomically } = await import('./files.ts');
  await writeAtomically(join(folder, name), 'whole');
}

const days = (number: number) => new Date(Date.now() - number * 24 * 3600 * 1000);

describe('temporary files', () => {
  it.each(['1.png', 'é.png', `${'x'.repeat(250)}.png`, 'two\nlines.png'])(
    'of processes that were killed are gone after the next write: %j',
    async (name) => {
      await killed(name);
      await killed('other.onnx');
      await write('new.png');
      expect(await readdir(folder)).toEqual(['new.png']);
    },
  );

  it('of folders too', async () => {
    const left = await killed('1');
    await rm(left);
    await mkdir(join(left, 'good'), { recursive: true });
    await writeFile(join(left, 'good', '0001.png'), '');
    await utimes(left, days(2), days(2));
    await write('new.png');
    expect(await readdir(folder)).toEqual(['new.png']);
  });

  it('of processes that go on stay', async () => {
    await writing('1.png');
    const own = await readdir(folder);
    expect(own).toHaveLength(1);
    await write('new.png');
    expect((await readdir(folder)).sort()).toEqual([...own, 'new.png']);
  });

  it('of other machines stay for a day', async () => {
    const left = await killed('1.png');
    const [, place = ''] = /\.([0-9a-f]{8})-/.exec(basename(left)) ?? [];
    const elsewhere = left.replace(
      place,
      place.replaceAll(/./g, (digit) => (digit === '0' ? '1' : '0')),
    );
    await rename(left, elsewhere);
    await write('new.png');
    expect(await readdir(folder)).toContain(basename(elsewhere));
    await utimes(elsewhere, days(2), days(2));
    await write('new.png');
    expect(await readdir(folder)).toEqual(['new.png']);
  });

  it('that are not ours stay', async () => {
    const names = ['.1.png.tmp', '.1.png.0123456789ab.tmp', '1.png.tmp', '.x.0-1-2.tmp'];
    for (const name of names) await writeFile(join(folder, name), '');
    for (const name of names) await utimes(join(folder, name), days(9), days(9));
    await write('new.png');
    expect((await readdir(folder)).sort()).toEqual([...names, 'new.png'].sort());
  });
});
