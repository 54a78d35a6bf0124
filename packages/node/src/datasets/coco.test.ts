import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { DataFolder } from '../../testing/data-folder.ts';
import { openDataset } from './open-dataset.ts';

let data: DataFolder;
beforeEach(async () => {
  data = await DataFolder.make();
});
afterEach(() => data.remove());

const image = (id: number, file_name: string) => ({ id, file_name, width: 4, height: 3 });
const categories = [
  { id: 1, name: 'scratch', supercategory: 'defect' },
  { id: 2, name: 'dent' },
  { id: 3, name: 'OK' },
];
const square = [[1, 0, 3, 0, 3, 2, 1, 2]];
const annotation = (image_id: number, category_id: number, segmentation?: unknown) => ({
  id: image_id * 10 + category_id,
  image_id,
  category_id,
  bbox: [1, 0, 2, 2],
  area: 4,
  iscrowd: 0,
  segmentation,
});
const three = {
  info: {},
  images: [image(1, 'c.png'), image(2, 'b.png'), image(3, 'a.png')],
  annotations: [
    annotation(1, 2, square),
    annotation(1, 1, { counts: [0, 1, 11], size: [3, 4] }),
    annotation(2, 3),
  ],
  categories,
};
const understoodThree = (folder: string) => ({
  layout: 'COCO annotations',
  classes: [
    {
      name: 'part',
      training: [`${folder}/a.png`, `${folder}/b.png`],
      test: [`${folder}/a.png good`, `${folder}/b.png good`, `${folder}/c.png dent+scratch mask`],
    },
  ],
  ignored: [],
});

describe('COCO annotations', () => {
  it.each([
    ['next to the images', 'part/_annotations.coco.json', 'part'],
    ['in annotations, images in images', 'part/annotations/all.json', 'part/images'],
    [
      'in annotations, images in a folder named alike',
      'part/annotations/instances_all.json',
      'part/all',
    ],
    ['above a folder of images', 'part/coco.json', 'part/images'],
  ])('are found %s', async (_, file, folder) => {
    await data.files(`${folder}/a.png`, `${folder}/b.png`, `${folder}/c.png`);
    await data.json(file, three);
    expect(await data.understood('part')).toEqual(understoodThree(folder));
    expect(await data.understood(file)).toEqual(understoodThree(folder));
  });

  it('become one mask of all defects of an image', async () => {
    await data.files('part/a.png', 'part/b.png');
    await data.png('part/c.png', Array(3).fill([0, 0, 0, 0]));
    await data.json('part/coco.json', three);
    expect(await data.mask('part', 'part/c.png')).toEqual([
      [1, 1, 1, 0],
      [0, 1, 1, 0],
      [0, 0, 0, 0],
    ]);
  });

  it('use the box of a defect without an outline, with a remark', async () => {
    await data.png('c.png', Array(3).fill([0, 0, 0, 0]));
    const boxed = { ...annotation(1, 2, []), bbox: [3, 1, 1, 2] };
    await data.json('coco.json', {
      images: [image(1, 'c.png')],
      annotations: [annotation(1, 1, square), boxed],
      categories,
    });
    expect(await data.mask('coco.json', 'c.png')).toEqual([
      [0, 1, 1, 0],
      [0, 1, 1, 1],
      [0, 0, 0, 1],
    ]);
    expect((await openDataset(data.at('coco.json'))).remarks).toEqual([
      '1 defect with only a box: the whole box counts as defective, which lowers pixel metrics.',
    ]);
  });

  it.each([
    ['no box', undefined],
    ['an empty box', []],
    ['a box without width', [1, 0, 0, 2]],
  ])('make no mask if a defect of an image has only %s', async (_, bbox) => {
    await data.files('c.png');
    await data.json('coco.json', {
      images: [image(1, 'c.png')],
      annotations: [annotation(1, 1, square), { ...annotation(1, 2), bbox }],
      categories,
    });
    expect((await data.understood('coco.json')).classes[0]?.test).toEqual(['c.png dent+scratch']);
    expect((await openDataset(data.at('coco.json'))).remarks).toEqual([]);
  });

  it.each<readonly [string, unknown, string]>([
    [
      'compressed runs that are none',
      { counts: 'runs!', size: [3, 4] },
      'Expected compressed runs as pycocotools writes them for c.png but received "runs!"',
    ],
    [
      'runs of another size',
      { counts: [12], size: [4, 3] },
      'Expected runs of the size [3, 4] for c.png but received [4, 3]',
    ],
    [
      'runs that do not fill the image',
      { counts: [1, 2], size: [3, 4] },
      'Expected runs of 12 pixels in all for c.png but received 3',
    ],
    ...[
      [[0, 0, 1, 1]],
      [[0, 0, 1, 1, 2, 2, 3]],
      [[0, 0, 1, null, 2, 2]],
      [square[0], [1, 1]],
      'x',
    ].map(
      (outline) =>
        [
          `the outline ${JSON.stringify(outline)}`,
          outline,
          `Expected polygons of at least 6 numbers, or runs ({ counts, size: [height, width] }), but received ${JSON.stringify(outline)}`,
        ] as const,
    ),
  ])('keep the other defects if one has %s, and report it', async (_, outline, fault) => {
    await data.files('a.png', 'b.png');
    await data.png('c.png', Array(3).fill([0, 0, 0, 0]));
    const file = (broken: object) => ({
      images: [image(1, 'c.png'), image(2, 'b.png'), image(3, 'a.png')],
      annotations: [annotation(2, 1, square), broken],
      categories,
    });
    await data.json('coco.json', file({ ...annotation(1, 1, outline), bbox: [3, 1, 1, 2] }));
    const { classes, ignored } = await data.understood('coco.json');
    expect(classes[0]?.test).toEqual(['a.png good', 'b.png scratch mask', 'c.png scratch mask']);
    expect(ignored).toEqual([
      `coco.json: annotation 2 of c.png: its outline cannot be read; using its box. ${fault}`,
    ]);
    expect(await data.mask('coco.json', 'c.png')).toEqual([
      [0, 0, 0, 0],
      [0, 0, 0, 1],
      [0, 0, 0, 1],
    ]);
    // Without a box there is nothing to take: a mask without this defect would call it good.
    await data.json('coco.json', file({ ...annotation(1, 1, outline), bbox: null }));
    const without = await data.understood('coco.json');
    expect(without.classes[0]?.test.at(-1)).toBe('c.png scratch');
    expect(without.ignored).toEqual([
      `coco.json: annotation 2 of c.png: its outline cannot be read; using the image without a mask. ${fault}`,
    ]);
  });

  it('read compressed runs', async () => {
    await data.png('c.png', Array(3).fill([0, 0, 0, 0]));
    // What pycocotools writes for the second pixel of the first column.
    await data.json('coco.json', {
      images: [image(1, 'c.png')],
      annotations: [annotation(1, 1, { counts: '11:', size: [3, 4] })],
      categories,
    });
    expect(await data.mask('coco.json', 'c.png')).toEqual([
      [0, 0, 0, 0],
      [1, 0, 0, 0],
      [0, 0, 0, 0],
    ]);
  });

  it('are split by the names of files and folders', async () => {
    await data.files('part/train/1.png', 'part/valid/2.png', 'part/test/3.png', 'part/test/4.png');
    const file = (...images: { id: number }[]) => ({
      images,
      annotations: images.filter(({ id }) => id === 4).map(({ id }) => annotation(id, 1)),
      categories,
    });
    await data.json('part/train/_annotations.coco.json', file(image(1, '1.png')));
    await data.json('part/valid/_annotations.coco.json', file(image(2, '2.png')));
    await data.json('part/test/_annotations.coco.json', file(image(3, '3.png'), image(4, '4.png')));
    const { classes, ignored } = await data.understood('part');
    expect(classes).toEqual([
      {
        name: 'part',
        training: ['part/train/1.png'],
        test: ['part/test/3.png good', 'part/test/4.png scratch mask'],
      },
    ]);
    expect(ignored).toEqual(['part: 1 image of part for validation: there are test images']);
  });

  it('have defect names that are safe as file names', async () => {
    await data.files('1.png');
    await data.json('coco.json', {
      images: [image(1, '1.png')],
      annotations: [annotation(1, 1)],
      categories: [{ id: 1, name: '../a/b' }],
    });
    expect((await data.understood('coco.json')).classes[0]?.test).toEqual(['1.png ..-a-b mask']);
  });

  it('are used if folders train and test do not say what is good', async () => {
    await data.files('part/test/images/1.png', 'part/test/images/2.png');
    await data.json('part/test/annotations.json', {
      images: [image(1, '1.png'), image(2, '2.png')],
      annotations: [{ ...annotation(2, 1, [[]]), bbox: null }, annotation(7, 1, square)],
      categories,
    });
    expect(await data.understood('part')).toEqual({
      layout: 'COCO annotations',
      classes: [
        {
          name: 'part',
          training: [],
          test: ['part/test/images/1.png good', 'part/test/images/2.png scratch'],
        },
      ],
      ignored: ['part/test/annotations.json: 1 annotation of images that are not listed'],
    });
  });

  it('are ignored if folders say what is good', async () => {
    await data.files('train/good/1.png', 'test/good/2.png', '1.png');
    await data.json('coco.json', { images: [image(1, '1.png')], annotations: [], categories });
    expect((await data.understood('.')).layout).toBe('MVTec AD');
  });

  it.each([
    [
      'an image that is not there',
      { ...three, images: [image(1, 'a.png'), image(2, 'z.png')] },
      /^Expected the file of image 2 of .*coco\.json at .*z\.png but received nothing$/,
    ],
    [
      'a first image that is nowhere',
      { ...three, images: [image(1, 'z.png')] },
      /^Expected the image z\.png of .* in .*images.* but received nothing there$/,
    ],
    [
      'a category that is not listed',
      { ...three, categories: [] },
      /^Expected a category with the id 2, .* in .*coco\.json but received none$/,
    ],
    [
      'no categories',
      { images: [], annotations: [] },
      /^Expected COCO annotations for categories of /,
    ],
    [
      'a size of nothing',
      { ...three, images: [{ id: 1, file_name: 'a.png', width: 0, height: 3 }] },
      /for images\.0\.width of /,
    ],
  ])('name %s', async (_, content, message) => {
    await data.files('a.png', 'b.png', 'c.png');
    await data.json('coco.json', content);
    await expect(data.understood('coco.json')).rejects.toMatchObject({
      code: 'DATASET_INVALID',
      message: expect.stringMatching(message),
    });
  });

  it('are rejected if a header states too large a mask', async () => {
    await data.files('a.png');
    const images = [{ id: 1, file_name: 'a.png', width: 1e6, height: 1e6 }];
    await data.json('coco.json', { ...three, images, annotations: [] });
    await expect(data.understood('.')).rejects.toMatchObject({ code: 'IMAGE_TOO_LARGE' });
  });

  it('are not drawn at a size that differs from the image', async () => {
    await data.png('a.png', Array(3).fill([0, 0, 0, 0]));
    const images = [{ id: 1, file_name: 'a.png', width: 99, height: 999_999 }];
    const annotations = [annotation(1, 1, [[0, 0, 99, 0, 99, 999_999, 0, 999_999]])];
    await data.json('coco.json', { images, annotations, categories });
    await expect(data.mask('.', 'a.png')).rejects.toMatchObject({
      code: 'MASK_MISMATCH',
      message: expect.stringMatching(/a\.png, 4 x 3, in .*coco\.json but received 99 x 999999$/),
    });
  });

  const missing = JSON.stringify({ ...three, annotations: undefined });
  it.each([
    ['cut short', 'part/list.json', JSON.stringify(three).slice(0, -20), /JSON/],
    ['with a comma too many', 'part/coco.json', missing.replace('}]', '},]'), /JSON|token/],
    ['empty', 'part/_annotations.coco.json', '', /^an empty file$/],
    ['blank', 'part/annotations/instances_all.json', ' \n', /^an empty file$/],
  ])(
    'are not passed over where they are %s: defects would be learnt as good',
    async (_, file, text, why) => {
      await data.files('part/a.png', 'part/b.png', 'part/c.png');
      await data.write(file, text);
      for (const path of ['part', file]) {
        const error = await data.understood(path).catch((thrown: unknown) => thrown);
        expect(error).toMatchObject({ code: 'DATASET_INVALID' });
        const [, received = ''] = String((error as Error).message).split(
          `Expected COCO annotations for ${data.at(file)} but received `,
        );
        expect(received).toMatch(why);
        expect(received).not.toContain('\n');
      }
    },
  );

  it('are not expected in other JSON', async () => {
    await data.json('config.json', { images: 3 });
    await expect(data.understood('config.json')).rejects.toMatchObject({
      code: 'DATASET_INVALID',
      message: expect.stringMatching(
        /^Expected COCO annotations .* for .*config\.json but received/,
      ),
    });
    await data.write('broken.json', '{');
    await data.files('1.png');
    expect(await data.understood('.')).toMatchObject({
      layout: 'good images alone',
      ignored: ['.: 2 files that are not images'],
    });
  });
});
