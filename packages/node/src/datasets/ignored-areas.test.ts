import type { ImageEntry } from '@bigrid/inspect';
import sharp from 'sharp';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { DataFolder } from '../../testing/data-folder.ts';
import { openIgnoredAreas, readIgnoredArea } from './ignored-areas.ts';

let data: DataFolder;
beforeAll(async () => {
  data = await DataFolder.make();
  await data.png('left.png', [[255, 0]]);
  await data.png('masks/bolt.png', [[255, 0]]);
  await data.png('others/bolt.png', [[0, 255]]);
  await data.png('others/nut.png', [[0, 255]]);
});
afterAll(() => data.remove());

const entry: ImageEntry = {
  path: 'x.png',
  read: async () => ({ width: 1, height: 1, data: new Uint8Array(3) }),
};

it('gives each image the mask of its class, or one mask to all', async () => {
  const each = await openIgnoredAreas(data.at('masks'), ['bolt', 'nut']);
  expect(each.everywhere).toBeUndefined();
  expect(each.of('bolt', entry).ignored?.data).toEqual(Uint8Array.of(255, 0));
  expect(each.of('nut', entry).ignored).toBeUndefined();
  const one = await openIgnoredAreas(data.at('masks'), ['bolt']);
  expect(one.everywhere?.data).toEqual(Uint8Array.of(255, 0));
  expect(one.of('bolt', entry)).toBe(entry);
});

it('identifies masks, so that training resumes only with the same one', async () => {
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

const red = [255, 0, 0];
const black = [0, 0, 0];

it.each([
  ['nothing', 'all black', [[0, 0]], 'it is entirely black'],
  ['nothing', 'white that is grey', [[0, 127]], 'its brightest value is 127 of 255'],
  ['nothing', 'in red', [[red, black]], 'its brightest value is '],
  ['nothing', 'too thin', Array(3000).fill([0]).with(0, [255]), 'vanish when it is resized to'],
  ['everything', 'all white', [[255, 255]], 'is entirely white'],
  [
    'everything',
    'a remainder too thin',
    Array(3000).fill([255]).with(0, [0]),
    'leaves nothing when',
  ],
] as [string, string, (number | number[])[][], string][])(
  'rejects a mask that ignores %s: %s',
  async (what, _, rows, reason) => {
    await data.png('refused/bolt.png', rows);
    const path = data.at('refused', 'bolt.png');
    const refusals = [
      () => readIgnoredArea(path),
      () => openIgnoredAreas(path, ['bolt']),
      () => openIgnoredAreas(data.at('refused'), ['bolt', 'nut']),
    ];
    for (const refusal of refusals) {
      await expect(refusal()).rejects.toMatchObject({
        code: 'OPTION_INVALID',
        message: expect.stringContaining(path),
        remedy: expect.stringMatching(/black/),
      });
      await expect(refusal()).rejects.toThrow(reason);
      await expect(refusal()).rejects.toThrow(
        what === 'nothing' ? 'ignores nothing' : 'to inspect',
      );
    }
  },
);

it('rejects a mask that is only transparent where images are ignored', async () => {
  const pixels = Buffer.from([0, 0, 0, 255, 0, 0, 0, 0]);
  const raw = { width: 2, height: 1, channels: 4 } as const;
  await data.write('alpha.png', await sharp(pixels, { raw }).png().toBuffer());
  await expect(readIgnoredArea(data.at('alpha.png'))).rejects.toThrow(
    'ignores nothing: it is entirely black; transparency',
  );
});
