import type { PictureEntry } from '@bigrid/inspect';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { DataFolder } from '../../testing/data-folder.ts';
import { openIgnoredAreas } from './ignored-areas.ts';

let data: DataFolder;
beforeAll(async () => {
  data = await DataFolder.make();
  await data.png('left.png', [[255, 0]]);
  await data.png('masks/bolt.png', [[255, 0]]);
  await data.png('others/bolt.png', [[0, 255]]);
  await data.png('others/nut.png', [[0, 255]]);
});
afterAll(() => data.remove());

const entry: PictureEntry = {
  path: 'x.png',
  read: async () => ({ width: 1, height: 1, data: new Uint8Array(3) }),
};

it('gives each picture the mask of its class, or all of them one', async () => {
  const each = await openIgnoredAreas(data.at('masks'), ['bolt', 'nut']);
  expect(each.everywhere).toBeUndefined();
  expect(each.of('bolt', entry).ignored?.data).toEqual(Uint8Array.of(255, 0));
  expect(each.of('nut', entry).ignored).toBeUndefined();
  const one = await openIgnoredAreas(data.at('masks'), ['bolt']);
  expect(one.everywhere?.data).toEqual(Uint8Array.of(255, 0));
  expect(one.of('bolt', entry)).toBe(entry);
});

it('tells masks apart, so that a training goes on under its own alone', async () => {
  const digests = [
    await openIgnoredAreas(undefined, ['bolt', 'nut']),
    await openIgnoredAreas(data.at('left.png'), ['bolt', 'nut']),
    await openIgnoredAreas(data.at('masks'), ['bolt', 'nut']),
    await openIgnoredAreas(data.at('others'), ['bolt', 'nut']),
  ].map(({ digest }) => digest);
  expect(digests[0]).toBeUndefined();
  expect(new Set(digests).size).toBe(4);
  expect((await openIgnoredAreas(data.at('masks'), ['bolt', 'nut'])).digest).toBe(digests[2]);
});
