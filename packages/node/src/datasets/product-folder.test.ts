import { symlink } from 'node:fs/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { DataFolder } from '../../testing/data-folder.ts';

let data: DataFolder;
beforeEach(async () => {
  data = await DataFolder.make();
});
afterEach(() => data.remove());

describe('published layouts', () => {
  it('reads MVTec AD with all its files, product by product', async () => {
    await data.files('license.txt', 'readme.txt', 'bottle/license.txt', 'bottle/readme.txt');
    await data.files('bottle/train/good/000.png', 'bottle/train/good/001.png');
    await data.files('bottle/test/good/000.png', 'bottle/test/broken_large/000.png');
    await data.files('bottle/ground_truth/broken_large/000_mask.png');
    await data.files('toothbrush/train/good/000.png', 'toothbrush/test/defective/000.png');
    await data.files('toothbrush/ground_truth/defective/000_mask.png');
    const { layout, classes } = await data.understood('.');
    expect(layout).toBe('MVTec AD');
    expect(classes).toEqual([
      {
        name: 'bottle',
        training: ['bottle/train/good/000.png', 'bottle/train/good/001.png'],
        test: [
          'bottle/test/good/000.png good',
          'bottle/test/broken_large/000.png broken_large mask',
        ],
      },
      {
        name: 'toothbrush',
        training: ['toothbrush/train/good/000.png'],
        test: ['toothbrush/test/defective/000.png defective mask'],
      },
    ]);
  });

  it.each([
    ['MVTec AD', 'test/good/1.png', 'test/hole/2.png'],
    ['BTAD', 'test/ok/1.bmp', 'test/ko/2.bmp'],
    ['MVTec LOCO AD', 'test/good/1.png', 'test/logical_anomalies/2.png'],
  ])(
    'reads %s without masks and without good images as far as it goes',
    async (name, good, bad) => {
      await data.files(good, bad);
      const { layout, classes } = await data.understood('.');
      expect(layout).toBe(name);
      expect(classes[0]?.training).toEqual([]);
      expect(classes[0]?.test).toEqual([`${good} good`, `${bad} ${bad.split('/')[1]}`]);
    },
  );

  it('reads MPDD, which has the layout of MVTec AD', async () => {
    await data.files('bracket_black/train/good/000.png', 'bracket_black/test/good/000.png');
    await data.files('bracket_black/test/hole/000.png', 'bracket_black/test/scratches/001.png');
    await data.files('bracket_black/ground_truth/hole/000_mask.png');
    await data.files('bracket_black/ground_truth/scratches/001_mask.png');
    const expected = {
      layout: 'MVTec AD',
      classes: [
        {
          name: 'bracket_black',
          training: ['bracket_black/train/good/000.png'],
          test: [
            'bracket_black/test/good/000.png good',
            'bracket_black/test/hole/000.png hole mask',
            'bracket_black/test/scratches/001.png scratches mask',
          ],
        },
      ],
      ignored: [],
    };
    expect(await data.understood('bracket_black')).toEqual(expected);
    expect(await data.understood('.')).toEqual(expected);
  });

  it('reads GoodsAD, whose masks have the names of their images', async () => {
    await data.files('drink_can/train/good/0001.jpg', 'drink_can/test/good/0002.jpg');
    await data.files('drink_can/test/opened/0003.jpg', 'drink_can/ground_truth/opened/0003.png');
    expect(await data.understood('.')).toMatchObject({
      layout: 'MVTec AD',
      classes: [
        {
          name: 'drink_can',
          test: ['drink_can/test/good/0002.jpg good', 'drink_can/test/opened/0003.jpg opened mask'],
        },
      ],
    });
  });

  it('reads BTAD: ok and ko, images and masks with several extensions', async () => {
    await data.files('01/train/ok/0000.bmp', '01/test/ok/0010.bmp', '01/test/ko/0000.bmp');
    await data.files('01/ground_truth/ko/0000.png');
    await data.files('02/train/ok/0000.png', '02/test/ko/0001.png', '02/ground_truth/ko/0001.png');
    await data.files('03/train/ok/0000.bmp', '03/test/ko/0002.bmp', '03/ground_truth/ko/0002.bmp');
    expect(await data.understood('.')).toEqual({
      layout: 'BTAD',
      classes: [
        {
          name: '01',
          training: ['01/train/ok/0000.bmp'],
          test: ['01/test/ok/0010.bmp good', '01/test/ko/0000.bmp ko mask'],
        },
        { name: '02', training: ['02/train/ok/0000.png'], test: ['02/test/ko/0001.png ko mask'] },
        { name: '03', training: ['03/train/ok/0000.bmp'], test: ['03/test/ko/0002.bmp ko mask'] },
      ],
      ignored: [],
    });
  });

  it('reads MVTec LOCO AD, merging the masks of an image', async () => {
    const root = 'juice_bottle';
    await data.files(`${root}/train/good/000.png`, `${root}/validation/good/000.png`);
    await data.files(`${root}/test/good/000.png`, `${root}/test/logical_anomalies/000.png`);
    await data.files(`${root}/test/structural_anomalies/000.png`, `${root}/defects_config.json`);
    // The values number the kinds of defects, down from 255.
    await data.png(`${root}/ground_truth/logical_anomalies/000/000.png`, [
      [0, 255, 0],
      [0, 0, 0],
    ]);
    await data.png(`${root}/ground_truth/logical_anomalies/000/001.png`, [
      [0, 0, 0],
      [1, 0, 250],
    ]);
    await data.png(`${root}/ground_truth/structural_anomalies/000/000.png`, [[255]]);
    expect(await data.understood(root)).toEqual({
      layout: 'MVTec LOCO AD',
      classes: [
        {
          name: root,
          training: [`${root}/train/good/000.png`],
          test: [
            `${root}/test/good/000.png good`,
            `${root}/test/logical_anomalies/000.png logical_anomalies mask`,
            `${root}/test/structural_anomalies/000.png structural_anomalies mask`,
          ],
        },
      ],
      ignored: [
        `${root}/validation: 1 image: for validation, which is not used`,
        `${root}: 1 file that is not an image`,
      ],
    });
    expect(await data.mask(root, `${root}/test/logical_anomalies/000.png`)).toEqual([
      [0, 1, 0],
      [1, 0, 1],
    ]);
  });

  it('rejects masks of one image that differ in size', async () => {
    await data.files('train/good/0.png', 'test/logical_anomalies/000.png');
    await data.png('ground_truth/logical_anomalies/000/000.png', [[0, 255]]);
    await data.png('ground_truth/logical_anomalies/000/001.png', [[0], [255]]);
    await expect(data.mask('.', 'test/logical_anomalies/000.png')).rejects.toMatchObject({
      code: 'MASK_MISMATCH',
      message: expect.stringMatching(/Expected a mask of 2 x 1.* but received 1 x 2$/),
    });
  });
});

describe('custom folders', () => {
  it('reads good and bad with one subfolder per defect, and their masks', async () => {
    await data.files('good/1.png', 'good/night/2.png', 'bad/3.png', 'bad/scratch/4.png');
    await data.files(
      'bad/dent/deep/5.png',
      'masks/bad/scratch/4.png',
      'masks/dent/deep/5_mask.png',
    );
    const { layout, classes, ignored } = await data.understood('.');
    expect(layout).toBe('good and bad folders');
    expect(classes[0]?.training).toEqual(['good/1.png', 'good/night/2.png']);
    expect(classes[0]?.test).toEqual([
      'good/1.png good',
      'good/night/2.png good',
      'bad/3.png bad',
      'bad/dent/deep/5.png dent-deep mask',
      'bad/scratch/4.png scratch mask',
    ]);
    expect(ignored).toEqual([]);
  });

  it('finds all masks in one folder, if it has no subfolders', async () => {
    await data.files('normal/1.png', 'anomaly/2.png', 'mask/2.png');
    expect((await data.understood('.')).classes[0]?.test).toEqual([
      'normal/1.png good',
      'anomaly/2.png anomaly mask',
    ]);
    await data.files('mask/other/9.png');
    expect((await data.understood('.')).classes[0]?.test.at(-1)).toBe('anomaly/2.png anomaly');
  });

  it('follows links to folders, but not in circles', async () => {
    await data.files('good/1.png', 'cut/bad/2.png');
    await symlink(data.at('good'), data.at('good', 'again'));
    const { classes } = await data.understood('.');
    expect(classes[0]?.training).toEqual(['good/1.png']);
    expect(classes[0]?.test).toEqual(['good/1.png good', 'cut/bad/2.png cut-bad']);
  });

  it('prefers good over ok and normal', async () => {
    await data.files('train/normal/1.png', 'train/ok/2.png', 'train/good/3.png');
    const { classes, ignored } = await data.understood('.');
    expect(classes[0]?.training).toEqual(['train/good/3.png']);
    expect(ignored).toEqual([
      'train/normal: 1 image: training uses only good images',
      'train/ok: 1 image: training uses only good images',
    ]);
  });

  it('reports what it leaves out, and why', async () => {
    await data.files('train/good/1.png', 'train/anomaly/2.png', 'train/anomaly/3.png');
    await data.files('test/good/4.png', 'test/cut/5.png', 'test/cut/5_mask.png', 'test/6.png');
    await data.files('ground_truth/cut/7_mask.png', 'ground_truth/hole/1_mask.png');
    await data.files('papers/figure.png', 'readme.txt', 'notes.txt');
    expect((await data.understood('.')).ignored).toEqual([
      'train/anomaly: 2 images: training uses only good images',
      'papers: 1 image: in a folder that this layout does not have',
      'test: 1 image outside its folders',
      'ground_truth/cut: 1 mask without an image',
      'ground_truth/hole: masks of a defect without images',
      '.: 2 files that are not images',
    ]);
  });
});
