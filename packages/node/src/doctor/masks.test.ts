import sharp from 'sharp';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { DataFolder } from '../../testing/data-folder.ts';
import { openDataset } from '../datasets/open-dataset.ts';
import { checkData } from './data.ts';
import { lookAt } from './look.ts';
import { checkMasks } from './masks.ts';

let data: DataFolder;
beforeEach(async () => {
  data = await DataFolder.make();
  for (const name of ['1', '2']) await data.png(`test/cut/${name}.png`, rows(100, 50));
  await data.png('ground_truth/cut/1_mask.png', rows(0, 255));
});
afterEach(() => data.remove());

type Value = number | readonly number[];
/** A spot in the middle of 12 x 12 pixels. */
const rows = (ground: Value, spot: Value, side = 12) =>
  Array.from({ length: side }, (_, y) =>
    Array.from({ length: side }, (_, x) => (Math.hypot(x - 6, y - 6) < 3 ? spot : ground)),
  );

async function findings() {
  const dataset = await openDataset(data.path);
  const looks = [];
  for (const { path, read, className, defect } of dataset.classes.flatMap(({ test }) => test)) {
    looks.push(lookAt(await read(), { path, className, defect, split: 'test' }));
  }
  return checkMasks(dataset, looks);
}

const second = 'ground_truth/cut/2_mask.png';
const png = (value: Value, spot: Value, side?: number) => () =>
  data.png(second, rows(value, spot, side));
const encoded =
  (channels: 3 | 4, pixel: (isSpot: boolean) => number[], palette = false) =>
  async () => {
    const pixels = rows(0, 1)
      .flat()
      .flatMap((value) => pixel(value === 1));
    const raw = { width: 12, height: 12, channels };
    await data.write(second, await sharp(Buffer.from(pixels), { raw }).png({ palette }).toBuffer());
  };

describe('implausible masks', () => {
  it.each<[string, () => Promise<void>, 'fix' | 'note', RegExp]>([
    ['an empty file', () => data.write(second, ''), 'fix', /cannot be read; .*IMAGE_UNREADABLE/],
    ['another size', png(0, 255, 10), 'fix', /differ in size .*: 10 x 10 for 12 x 12$/],
    ['all black', png(0, 0), 'fix', /mark no defect .* brightest value is 0 of 255$/],
    ['0 and 127', png(0, 127), 'fix', /mark no defect .* brightest value is 127 of 255$/],
    ['0 and 2', png(0, 2), 'fix', /mark no defect .* brightest value is 2 of 255$/],
    ['red', png([0, 0, 0], [255, 0, 0]), 'fix', /mark no defect /],
    ['a palette', encoded(3, (is) => [is ? 128 : 0, 0, 0], true), 'fix', /mark no defect /],
    ['alpha alone', encoded(4, (is) => [0, 0, 0, is ? 255 : 0]), 'fix', /mark no defect /],
    ['all white', png(255, 255), 'fix', /mark the whole image; /],
    ['inverted', png(255, 0), 'note', /look inverted: /],
  ])('are reported: %s', async (_, write, level, message) => {
    await write();
    const found = await findings();
    expect(found).toHaveLength(1);
    expect(found[0]).toMatchObject({ level, check: 'masks', paths: [[data.at('test/cut/2.png')]] });
    expect(found[0]?.message).toMatch(/^1 of 2 masks /);
    expect(found[0]?.message).toMatch(message);
    expect(found[0]?.remedy).toBeTruthy();
  });

  it.each<[string, () => Promise<void>]>([
    ['white on black', png(0, 255)],
    ['grey edges', png(1, 250)],
    ['labels 0 and 1', png(0, 1)],
    ['a defect of more than half of the image', png(0, 255, 12)],
    ['white on black in colour', png([0, 0, 0], [255, 255, 255])],
    ['white on nothing', encoded(4, (is) => [255, 255, 255, is ? 255 : 0])],
  ])('do not include %s', async (_, write) => {
    await write();
    expect(await findings()).toEqual([
      { level: 'ok', check: 'masks', message: 'all 2 are usable' },
    ]);
  });

  it('are reported by `checkData`, as are missing masks', async () => {
    await png(0, 0)();
    await data.png('test/cut/3.png', rows(100, 50));
    const { findings: all } = await checkData(data.path, { threads: 1 });
    expect(
      all.flatMap(({ check, level, paths }) => (check === 'masks' ? [[level, paths]] : [])),
    ).toEqual([
      ['fix', [[data.at('test/cut/2.png')]]],
      ['note', [[data.at('test/cut/3.png')]]],
    ]);
  });

  it('are no longer checked once cancelled', async () => {
    const stopped = checkMasks(await openDataset(data.path), [], AbortSignal.abort());
    await expect(stopped).rejects.toMatchObject({ code: 'CANCELLED' });
  });

  it('are not required if there are no masks at all', async () => {
    const other = await DataFolder.make();
    await other.png('good/1.png', rows(9, 9));
    await other.png('bad/2.png', rows(9, 9));
    expect(await checkMasks(await openDataset(other.path), [])).toEqual([]);
    await other.remove();
  });
});
