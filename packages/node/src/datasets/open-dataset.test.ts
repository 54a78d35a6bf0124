import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { DataFolder } from '../../testing/data-folder.ts';
import { openTestFolder, openTrainingFolder } from './folders.ts';
import { imageGroups } from './image-groups.ts';
import { openDataset } from './open-dataset.ts';

let data: DataFolder;
beforeEach(async () => {
  data = await DataFolder.make();
});
afterEach(() => data.remove());

describe('openDataset', () => {
  it('reads a folder of only good images', async () => {
    await data.files('parts/1.png', 'parts/2.jpg', 'parts/more/3.png', 'parts/list.txt');
    expect(await data.understood('parts')).toEqual({
      layout: 'good images alone',
      classes: [{ name: 'parts', training: ['parts/1.png', 'parts/2.jpg'], test: [] }],
      ignored: ['parts/more: a folder next to the images', 'parts: 1 file that is not an image'],
    });
  });

  it('reports folders that are not products', async () => {
    await data.files('bottle/train/good/1.png', 'docs/x.png', 'readme.md', 'overview.png');
    expect((await data.understood('.')).ignored).toEqual([
      'docs: a folder without good or test images',
      '.: 1 image outside its folders',
      '.: 1 file that is not an image',
    ]);
  });

  it('reports what it expected if it recognises nothing', async () => {
    await expect(openDataset(data.path)).rejects.toMatchObject({ code: 'DATA_EMPTY' });
    await data.files('images/1.png');
    await expect(openDataset(data.path)).rejects.toMatchObject({
      code: 'DATA_NO_GOOD',
      message: expect.stringMatching(
        /^Expected good images in .*train.*good, .* but received the folder images$/,
      ),
    });
    await expect(openDataset(data.at('nowhere'))).rejects.toMatchObject({
      code: 'PATH_MISSING',
      message: expect.stringContaining('Expected a folder, or a file that lists images, at'),
    });
    await expect(openDataset(data.at('images', '1.png'))).rejects.toMatchObject({
      code: 'PATH_MISSING',
    });
  });

  it('reports a missing folder of good images in a published layout', async () => {
    await data.files('btad/test/ok/1.bmp', 'btad/test/ko/2.bmp');
    await expect(openTrainingFolder(data.at('btad'))).rejects.toMatchObject({
      code: 'DATA_NO_GOOD',
      message: `Expected good images in ${data.at('btad', 'train', 'ok')} but received the folder test`,
    });
    for (const ending of ['png', 'jpg']) {
      const product = `${ending}-product`;
      await data.files(`${product}/test/good/1.${ending}`, `${product}/test/hole/2.${ending}`);
      await expect(openTrainingFolder(data.at(product))).rejects.toMatchObject({
        code: 'DATA_NO_GOOD',
        message: `Expected good images in ${data.at(product, 'train', 'good')} but received the folder test`,
      });
    }
    await data.files('loco/train/fine/1.png', 'loco/test/logical_anomalies/1.png');
    await expect(openTrainingFolder(data.at('loco'))).rejects.toMatchObject({
      code: 'DATA_NO_GOOD',
      message: `Expected good images in ${data.at('loco', 'train', 'good')} but received the folder fine`,
    });
  });

  it('counts images by class, split and defect', async () => {
    await data.files('train/good/1.png', 'train/good/2.png', 'test/good/3.png', 'test/cut/4.png');
    await data.files('test/cut/5.png', 'ground_truth/cut/5_mask.png');
    const kinds = imageGroups(await openDataset(data.path));
    expect(
      kinds.map(({ split, defect, entries, masks }) => [split, defect, entries.length, masks]),
    ).toEqual([
      ['train', 'good', 2, 0],
      ['test', 'good', 1, 0],
      ['test', 'cut', 2, 1],
    ]);
  });
});

describe('lists of images', () => {
  it('work for training and evaluation like folders', async () => {
    await data.files('m/1.jpg', 'm/2.jpg');
    await data.json(
      'm/all.manifest',
      { 'source-ref': '1.jpg', 'anomaly-label': 0 },
      { 'source-ref': '2.jpg', 'anomaly-label': 1 },
    );
    for (const path of [data.at('m'), data.at('m', 'all.manifest')]) {
      const { classes } = await openTrainingFolder(path);
      expect(
        classes.map(({ name, entries }) => [name, entries.map((entry) => entry.path)]),
      ).toEqual([['m', [data.at('m', '1.jpg')]]]);
      expect((await openTestFolder(path)).map(({ defect }) => defect)).toEqual(['good', 'anomaly']);
    }
  });

  it('are rejected without good images, or without any', async () => {
    await data.files('2.jpg');
    await data.json('bad.manifest', { 'source-ref': '2.jpg', 'anomaly-label': 1 });
    await expect(openTrainingFolder(data.at('bad.manifest'))).rejects.toMatchObject({
      code: 'DATA_NO_GOOD',
      message: `Expected good images in ${data.at('bad.manifest')} but received none`,
    });
    await data.write('empty.manifest', '\n');
    await expect(openTestFolder(data.at('empty.manifest'))).rejects.toMatchObject({
      code: 'DATA_NO_TEST',
    });
  });
});
