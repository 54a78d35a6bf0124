import { open, rename, utimes } from 'node:fs/promises';
import { setTimeout } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { DataFolder } from '../../testing/data-folder.ts';
import { FolderWatch, type WatchedImage, type WatchOptions } from './watch-folder.ts';

const SETTLE = 0.05;

let data: DataFolder;
let stop: AbortController;
let given: WatchedImage[];
let watching: Promise<void>;
let watch: FolderWatch;
beforeEach(async () => {
  data = await DataFolder.make();
  stop = new AbortController();
  given = [];
});
afterEach(async () => {
  stop.abort();
  await watching;
  await watch.close();
  await data.remove();
});

async function begin(options: Partial<WatchOptions> = {}): Promise<void> {
  watch = await FolderWatch.open(data.path, { signal: stop.signal, settle: SETTLE, ...options });
  watching = (async () => {
    for await (const image of watch.images()) given.push(image);
  })();
}

const paths = () => given.map(({ path }) => path);
const until = (value: () => unknown) => expect.poll(value, { interval: 20 });

describe('an image that its writer has not finished', () => {
  // Only Linux tells who has a file open.
  const onLinux = it.runIf(process.platform === 'linux');

  onLinux.each(['w', 'a', 'r+'])('is waited for while it is open (%s)', async (flags) => {
    await data.write('1.png', 'its first half');
    const writer = await open(data.at('1.png'), flags);
    await begin();
    await data.write('2.png', 'another');
    await until(paths).toEqual([data.at('2.png')]);
    // Much longer than it has to stay as it is.
    await setTimeout(600);
    expect(paths()).toEqual([data.at('2.png')]);
    await writer.close();
    await until(paths).toEqual([data.at('2.png'), data.at('1.png')]);
  });

  onLinux('is named where it is held open for long', async () => {
    const held: string[] = [];
    await data.write('1.png', 'all of it');
    const writer = await open(data.at('1.png'), 'r+');
    await begin({ onHeld: (path) => held.push(path) });
    await until(() => held).toEqual([data.at('1.png')]);
    await setTimeout(500);
    expect([held, paths()]).toEqual([[data.at('1.png')], []]);
    await writer.close();
    await until(paths).toEqual([data.at('1.png')]);
  });

  it('is not waited for where others only read it', async () => {
    await data.write('1.png', 'all of it');
    const reader = await open(data.at('1.png'), 'r');
    await begin();
    await until(paths).toEqual([data.at('1.png')]);
    await reader.close();
  });
});

describe('putBack', () => {
  const first = async () => {
    await until(() => given.length).toBe(1);
    return given[0] as WatchedImage;
  };

  it('is done with an image that could be read', async () => {
    await data.write('1.png', 'all of it');
    await begin();
    expect(await watch.putBack(await first(), true)).toBe(false);
  });

  it('gives an image again that was written to while it was read', async () => {
    await data.write('1.png', 'its first half');
    await begin();
    const image = await first();
    await data.write('1.png', 'its first half, and more');
    expect(await watch.putBack(image, true)).toBe(true);
    await until(paths).toEqual([data.at('1.png'), data.at('1.png')]);
  });

  it.runIf(process.platform === 'linux')(
    'gives an image again that is open for writing, read or not, however long',
    async () => {
      await data.write('1.png', 'its first half');
      await begin();
      const image = await first();
      const writer = await open(data.at('1.png'), 'r+');
      // What was found out a moment ago is not asked for again.
      await setTimeout(300 + 10 * SETTLE * 1000);
      for (const wasRead of [true, false]) {
        expect(await watch.putBack(image, wasRead)).toBe(true);
      }
      await writer.close();
      await until(() => given.length).toBe(2);
    },
  );

  it('tries one that cannot be read again, for a time', async () => {
    await data.write('1.png', 'half');
    await begin();
    expect(await watch.putBack(await first(), false)).toBe(true);
    await until(() => given.length).toBe(2);
    await setTimeout(10 * SETTLE * 1000);
    expect(await watch.putBack(given[1] as WatchedImage, false)).toBe(false);
  });

  it('is done with one that is gone, if it was read', async () => {
    await data.write('1.png', 'all of it');
    await begin();
    const image = await first();
    await rename(data.at('1.png'), data.at('1.txt'));
    await utimes(data.at('1.txt'), 1, 1);
    expect(await watch.putBack(image, true)).toBe(false);
    expect(await watch.putBack(image, false)).toBe(true);
  });
});
