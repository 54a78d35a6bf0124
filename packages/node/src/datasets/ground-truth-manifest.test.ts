import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { DataFolder } from '../../testing/data-folder.ts';
import { roleOf } from './dataset.ts';

let data: DataFolder;
beforeEach(async () => {
  data = await DataFolder.make();
});
afterEach(() => data.remove());

const classification = (name: string, label = Number(name !== 'normal')) => ({
  'anomaly-label': label,
  'anomaly-label-metadata': {
    'class-name': name,
    'creation-date': '2021-10-12T14:16:45.668',
    'human-annotated': 'yes',
    'job-name': 'labeling-job/classification-job',
    type: 'groundtruth/image-classification',
    confidence: 1,
  },
});

const segmentation = (mask: string, background: object = { 'hex-color': '#ffffff' }) => ({
  'anomaly-mask-ref': mask,
  'anomaly-mask-ref-metadata': {
    'internal-color-map': {
      '0': { 'class-name': 'BACKGROUND', confidence: 0, ...background },
      '1': { 'class-name': 'scratch', 'hex-color': '#2ca02c', confidence: 0 },
    },
    type: 'groundtruth/semantic-segmentation',
    'human-annotated': 'yes',
  },
});

describe('manifests of Lookout for Vision', () => {
  it('are read from a folder with one for training and one for testing', async () => {
    await data.files('board/images/1.jpg', 'board/images/2.jpg', 'board/images/3.jpg');
    await data.files('board/images/4.jpg', 'board/masks/4.png');
    await data.json(
      'board/train.manifest',
      { 'source-ref': 'images/1.jpg', ...classification('normal') },
      { 'source-ref': 'images/2.jpg', ...classification('anomaly') },
    );
    await data.json(
      'board/test.manifest',
      {
        'source-ref': 'images/4.jpg',
        ...classification('anomaly'),
        ...segmentation('masks/4.png'),
      },
      { 'source-ref': 'images/3.jpg', ...classification('normal') },
    );
    expect(await data.understood('board')).toEqual({
      layout: 'Ground Truth manifest',
      classes: [
        {
          name: 'board',
          training: ['board/images/1.jpg'],
          test: ['board/images/3.jpg good', 'board/images/4.jpg anomaly mask'],
        },
      ],
      ignored: ['board: 1 defective image of board to train on: training uses only good images'],
    });
  });

  it.each([
    ['instances_test2017.json', 'test'],
    ['my-testing.manifest', 'test'],
    ['latest.manifest', 'training'],
    ['instances_val2017.json', 'validation'],
    ['evaluated.manifest', 'training'],
    ['test/_annotations.coco.json', 'test'],
    ['valid/_annotations.coco.json', 'validation'],
    ['test/train.manifest', 'training'],
    ['test-data/output.manifest', 'training'],
  ])('and other lists have a role by their name: %s', (file, role) => {
    expect(roleOf(file)).toBe(role);
  });

  it('use the class name if the number contradicts it, as in the documentation', async () => {
    await data.files('1.jpg');
    await data.json('train.manifest', { 'source-ref': '1.jpg', ...classification('normal', 1) });
    expect((await data.understood('train.manifest')).classes[0]?.training).toEqual(['1.jpg']);
  });

  it('use the same images for training and testing if there is one file', async () => {
    await data.files('a/1.jpg', 'a/2.jpg');
    await data.json(
      'a/output.jsonl',
      { 'source-ref': '2.jpg', 'anomaly-label': 1 },
      { 'source-ref': '1.jpg', 'anomaly-label': 0 },
    );
    expect((await data.understood('a/output.jsonl')).classes).toEqual([
      { name: 'a', training: ['a/1.jpg'], test: ['a/1.jpg good', 'a/2.jpg anomaly'] },
    ]);
  });

  it('find labels and masks of Ground Truth under any name', async () => {
    const { 'anomaly-label': label, 'anomaly-label-metadata': metadata } = classification('dent');
    await data.files('2.jpg', 'mask.png');
    const mask = segmentation('mask.png');
    await data.json('output.manifest', {
      'source-ref': '2.jpg',
      'my-job': label,
      'my-job-metadata': metadata,
      'drawn-ref': mask['anomaly-mask-ref'],
      'drawn-ref-metadata': mask['anomaly-mask-ref-metadata'],
    });
    expect((await data.understood('output.manifest')).classes[0]?.test).toEqual([
      '2.jpg dent mask',
    ]);
  });

  it('map addresses of S3 to a copy of the bucket, with and without its name', async () => {
    await data.json(
      'm/train.manifest',
      { 'source-ref': 's3://parts-bucket/line 1/1.jpg', ...classification('normal') },
      { 'source-ref': 's3://parts-bucket/2.jpg', ...classification('normal') },
    );
    await data.files('copy/parts-bucket/line 1/1.jpg', 'copy/2.jpg');
    const { classes } = await data.understood('m', { s3Root: data.at('copy') });
    expect(classes[0]?.training).toEqual(['copy/2.jpg', 'copy/parts-bucket/line 1/1.jpg']);
    await expect(data.understood('m')).rejects.toMatchObject({
      code: 'DATASET_INVALID',
      message: expect.stringMatching(/copy of the bucket parts-bucket \(`s3Root`\) for line 1/),
    });
    await expect(data.understood('m', { s3Root: data.at('m') })).rejects.toMatchObject({
      code: 'DATASET_INVALID',
      message: expect.stringMatching(
        /^Expected the file of line 1 of .* at .* or .* but received nothing$/,
      ),
    });
  });

  it('have colour masks on a background colour', async () => {
    await data.files('1.jpg', '2.jpg');
    const [white, green, black] = [
      [255, 255, 255],
      [44, 160, 44],
      [0, 0, 0],
    ];
    // The last differs from white in one channel alone.
    await data.png('white.png', [[white, green, white, [255, 250, 255]]]);
    await data.png('black.png', [[black, black, green]]);
    await data.json(
      'test.manifest',
      { 'source-ref': '1.jpg', ...classification('anomaly'), ...segmentation('white.png', {}) },
      {
        'source-ref': '2.jpg',
        ...classification('anomaly'),
        ...segmentation('black.png', { 'hex-color': '#000000' }),
      },
    );
    expect(await data.mask('test.manifest', '1.jpg')).toEqual([[0, 1, 0, 1]]);
    expect(await data.mask('test.manifest', '2.jpg')).toEqual([[0, 0, 1]]);
  });

  it.each([
    ['no JSON', 'nonsense', /^Expected a JSON object for line 2 of .* but received nonsense$/],
    [
      'no image',
      '{"anomaly-label":0}',
      /^Expected source-ref, .*, for line 2 of .* but received anomaly-label$/,
    ],
    [
      'no label',
      '{"source-ref":"1.jpg","size":3}',
      /^Expected anomaly-label, .*, for line 2 of .* but received source-ref, size$/,
    ],
    [
      'a missing image',
      '{"source-ref":"9.jpg","anomaly-label":0}',
      /^Expected the file of line 2 of .*9\.jpg but received nothing$/,
    ],
  ])('report the line with %s', async (_, line, message) => {
    await data.files('1.jpg');
    await data.write('m.manifest', `{"source-ref":"1.jpg","anomaly-label":0}\n${line}\n`);
    await expect(data.understood('m.manifest')).rejects.toMatchObject({
      code: 'DATASET_INVALID',
      message: expect.stringMatching(message),
    });
  });
});
