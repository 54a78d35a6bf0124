import { mkdir } from 'node:fs/promises';
import { basename } from 'node:path';
import { isBigridError } from '@bigrid/errors';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { DataFolder } from '../../testing/data-folder.ts';
import { listImages } from './folders.ts';

let data: DataFolder;
beforeEach(async () => {
  data = await DataFolder.make();
});
afterEach(() => data.remove());

const words = ['good', 'OK', 'normal', 'test', 'Train', 'mask', 'masks', 'ground_truth'];
const others = ['valid', 'annotations', 'manifests'];

/** Two good images and one of a defect, of a product with and without a split. */
const layouts = {
  flat: (name: string) => [`${name}/good/1.png`, `${name}/good/2.png`, `${name}/bad/3.png`],
  split: (name: string) => [
    `${name}/train/good/1.png`,
    `${name}/test/good/2.png`,
    `${name}/test/bad/3.png`,
  ],
};

/** The data set, or the message that the folder is ambiguous. */
async function readingOf(folder: string) {
  return data.understood(folder).catch((error: unknown) => {
    if (!isBigridError(error, 'LAYOUT_AMBIGUOUS')) throw error;
    return error.message;
  });
}

describe.each(Object.entries(layouts))(
  'a product (%s) whose name is a word for folders',
  (_, files) => {
    it.each([...words, ...others])('is read whole or refused next to another: %s', async (name) => {
      await data.files(...files(name), ...files('widget'));
      const reading = await readingOf('.');
      if (typeof reading === 'string') {
        expect(reading).toMatch(
          /^Expected one way to read .* but received two: as .* \(for that, .*\), or as .* \(for that, .*\)$/,
        );
        expect(reading).toContain(data.path);
        return;
      }
      expect(reading.classes.map((own) => own.name).sort()).toEqual([name, 'widget'].sort());
      for (const { training, test } of reading.classes) {
        expect(training.every((path) => path.includes('good/'))).toBe(true);
        expect(test.filter((entry) => entry.endsWith(' bad'))).toHaveLength(1);
      }
    });

    it.each([...words, ...others])('is read whole or refused by itself: %s', async (name) => {
      await data.files(...files(name));
      const reading = await readingOf(name);
      if (typeof reading === 'string') {
        expect(reading).toContain(`as a product called ${name} (for that, rename it`);
        return;
      }
      const [own] = reading.classes;
      expect(own?.training.every((path) => path.includes('good/'))).toBe(true);
      expect(own?.training.length).toBeGreaterThan(0);
      expect(own?.test.filter((entry) => entry.endsWith(' bad'))).toHaveLength(1);
    });
  },
);

it('a product called mask is read if it has a split, also for inspection', async () => {
  await data.files(...layouts.split('mask'), ...layouts.split('widget'));
  expect((await data.understood('.')).classes.map(({ name }) => name)).toEqual(['mask', 'widget']);
  expect((await data.understood('mask')).classes[0]?.name).toBe('mask');
  expect(await listImages(data.path)).toHaveLength(6);
  await data.files('all/masks/ffp2/train/good/1.png', 'all/masks/ffp2/test/torn/2.png');
  expect((await data.understood('all/masks')).classes).toEqual([
    {
      name: 'ffp2',
      training: ['all/masks/ffp2/train/good/1.png'],
      test: ['all/masks/ffp2/test/torn/2.png torn'],
    },
  ]);
});

it('a folder of masks is reported as such, with how to read it otherwise', async () => {
  await data.files('masks/1.png');
  await expect(data.understood('masks')).rejects.toMatchObject({
    code: 'DATA_NO_GOOD',
    message: `Expected good images in ${data.at('masks')} but received masks, judging by the name of the folder or its parent: rename it if they are not masks`,
  });
});

it.each([
  ['defects in a folder of good images', ['good/1.png', 'good/bad/2.png'], 'good', 'bad'],
  ['also where it is learnt from', ['train/good/1.png', 'train/good/NG/2.png'], 'train/good', 'NG'],
  ['also where it is tested on', ['test/good/1.png', 'test/good/ko/2.png'], 'test/good', 'ko'],
  ['a split in a folder of good images', ['good/train/1.png', 'good/test/2.png'], 'good', 'train'],
  ['good images in a defect', ['good/1.png', 'widget/good/2.png'], 'widget', 'good'],
  ['good images in a defect tested on', ['test/bolt/normal/1.png'], 'test/bolt', 'normal'],
  [
    'a product next to a split',
    ['train/good/1.png', 'test/bad/2.png', 'old/ok/3.png'],
    'old',
    'ok',
  ],
  ['a product next to train only', ['train/good/1.png', 'bolt/train/good/2.png'], 'bolt', 'good'],
  ['a product in train', ['train/good/1.png', 'train/bolt/good/2.png'], 'train/bolt', 'good'],
  ['two folders of good images', ['good/1.png', 'ok/2.png', 'bad/3.png'], 'ok', 'ok'],
])('is ambiguous: %s', async (_, files, folder, name) => {
  await data.files(...files);
  const reading = await readingOf('.');
  expect(reading).toContain(`Expected one way to read ${data.at(...folder.split('/'))} but`);
  expect(reading).toContain(name);
});

it('two folders with one role are ambiguous if the file system is case-sensitive', async () => {
  await data.files('train/good/1.png', 'test/bad/2.png');
  await mkdir(data.at('Test')).catch(() => {});
  await data.files('Test/bad/3.png');
  const isOne = (await data.understood('.').catch(() => undefined)) !== undefined;
  if (isOne) return;
  expect(await readingOf('.')).toContain('a product whose folder is Test');
});

it.each([
  ['lights below good images', ['good/1.png', 'good/night/2.png', 'bad/3.png']],
  ['good images unpacked twice', ['good/good/1.png', 'good/good/2.png', 'bad/3.png']],
  [
    'validation',
    ['train/good/1.png', 'validation/good/2.png', 'test/good/3.png', 'test/cut/4.png'],
  ],
  ['splits with more to their names', ['train/good/1.png', 'test_public/good/2.png']],
  ['folders of channels', ['train/good/rgb/1.png', 'test/good/rgb/2.png', 'test/cut/rgb/3.png']],
])('is not ambiguous: %s', async (_, files) => {
  await data.files(...files);
  expect(typeof (await readingOf('.'))).toBe('object');
});

it('reports what it leaves out because of a folder name', async () => {
  await data.files('train/good/1.png', 'train/good/masks/1.png', 'test/good/2.png');
  await data.files('test/mask/3.png', 'test/cut/4.png', 'test/cut/masks/4.png', 'test/val/5.png');
  await data.files('test_public/good/6.png');
  const masks = '1 image: masks, judging by the name of their folder, where no masks are expected';
  expect((await data.understood('.')).ignored.sort()).toEqual([
    `test/cut/masks: ${masks}`,
    `test/mask: ${masks}`,
    'test/val: 1 image: for validation, which is not used',
    'test_public: 1 image: in a folder that this layout does not have',
    `train/good/masks: ${masks}`,
  ]);
  await data.files('all/widget/good/1.png', 'all/masks/2.png', 'all/train/3.png');
  expect((await data.understood('all')).ignored).toEqual([
    `all/masks: ${masks}`,
    'all/train: 1 image: in a folder called train where it is not expected',
  ]);
});

it('never trains on an image in a folder with the name of a defect', async () => {
  const name = fc.constantFrom('good', 'bad', 'test', 'train', 'widget', 'mask', 'normal', 'ng');
  const path = fc.array(name, { minLength: 1, maxLength: 4 }).map((parts) => parts.join('/'));
  const trees = fc.array(path, { minLength: 1, maxLength: 5 });
  await fc.assert(
    fc.asyncProperty(trees, async (folders) => {
      const own = await DataFolder.make();
      try {
        await own.files(...folders.map((folder, index) => `${folder}/${index}.png`));
        const learnt = await own.understood('.').then(
          ({ classes }) => classes.flatMap(({ training }) => training),
          (error: unknown) => {
            if (!isBigridError(error)) throw error;
            return [];
          },
        );
        for (const file of learnt) {
          const label = file.split('/').findLast((part) => /^(good|normal|bad|ng)$/.test(part));
          expect(label, `${basename(file)} of ${folders.join(', ')}`).toMatch(/^(good|normal)$/);
        }
      } finally {
        await own.remove();
      }
    }),
    { numRuns: 60 },
  );
});
