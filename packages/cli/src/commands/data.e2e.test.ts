import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import sharp from 'sharp';
import { beforeAll, expect, test } from 'vitest';
import {
  bigrid,
  imageBytes,
  isPlain,
  tiny,
  useTemporaryFolder,
  write,
  writeImages,
  writeProduct,
} from '../../testing/command-line.ts';

const at = useTemporaryFolder();

beforeAll(async () => {
  await writeProduct(at('bolt'));
  await writeImages(at('bolt', 'train', 'bad'), 3, true);
});

test('prints a table of kinds, and what is ignored and why', async () => {
  const { code, stdout, stderr } = await bigrid('data', at('bolt'));
  expect([code, stderr]).toEqual([0, '']);
  expect(stdout).toBe(
    `${[
      `${at('bolt')}: MVTec AD`,
      '',
      'class  split  shows  images  masks',
      'bolt   train  good        8      -',
      'bolt   test   good        2      -',
      'bolt   test   spot        2      2',
      '',
      'Ignored:',
      `  ${at('bolt', 'train', 'bad')}: 3 images: training uses only good images`,
    ].join('\n')}\n`,
  );
});

test('--json prints the same', async () => {
  const { code, stdout } = await bigrid('data', at('bolt'), '--json');
  expect(code).toBe(0);
  expect(JSON.parse(stdout)).toEqual({
    path: at('bolt'),
    layout: 'MVTec AD',
    remarks: [],
    classes: [
      {
        name: 'bolt',
        kinds: [
          { split: 'train', defect: 'good', images: 8, masks: 0 },
          { split: 'test', defect: 'good', images: 2, masks: 0 },
          { split: 'test', defect: 'spot', images: 2, masks: 2 },
        ],
      },
    ],
    trainedAndTestedOn: 0,
    ignored: [
      {
        path: at('bolt', 'train', 'bad'),
        reason: '3 images: training uses only good images',
      },
    ],
  });
});

test('--sheet accepts only JPEG file names', async () => {
  const { code, stderr } = await bigrid('data', at('bolt'), '--sheet', at('bolt.png'));
  expect(code).toBe(64);
  expect(stderr).toContain(`Expected a file named .jpg for --sheet but received ${at('bolt.png')}`);
});

test('--sheet draws a contact sheet', async () => {
  const { code, stdout, stderr } = await bigrid('data', at('bolt'), '--sheet', at('s', 'bolt.jpg'));
  expect(code).toBe(0);
  expect(stderr).toContain(`Wrote ${at('s', 'bolt.jpg')}`);
  expect(isPlain(stdout + stderr)).toBe(true);
  const { format, height } = await sharp(await readFile(at('s', 'bolt.jpg'))).metadata();
  expect([format, height]).toEqual(['jpeg', 6 + 3 * 156]);
  const quiet = await bigrid('data', at('bolt'), '--sheet', at('q.jpg'), '--quiet');
  expect(quiet.stderr).toBe('');
  const { code: refused } = await bigrid('data', at('bolt'), '--sheet', join(at('q.jpg'), 'x.jpg'));
  expect(refused).toBe(73);
});

test('warns if training and test share images, or if one is missing', async () => {
  await writeImages(at('shared', 'good'), 2);
  await writeImages(at('shared', 'bad'), 1, true);
  expect((await bigrid('data', at('shared'))).stdout).toContain(
    '2 good images in both training and test: metrics will be too optimistic.',
  );
  expect((await bigrid('data', at('shared', 'good'))).stdout).toContain('No test images');
  await writeImages(at('tested', 'test', 'bad'), 1, true);
  expect((await bigrid('data', at('tested'))).stdout).toContain('No good images to train on.');
});

test('a wrong folder is refused with what is missing', async () => {
  await writeImages(at('visa', 'candle', 'Data', 'Images', 'Normal'), 1);
  const { code, stdout, stderr } = await bigrid('data', at('visa'));
  expect([code, stdout]).toEqual([65, '']);
  expect(stderr).toContain(
    `error DATASET_INVALID: Expected the table of VisA at ${at('visa', 'split_csv', '1cls.csv')}`,
  );
});

test('manifests with S3 addresses and COCO annotations can be trained on and evaluated', async () => {
  const images = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9];
  for (const id of images) {
    await write(at('coco', 'images', `${id}.png`), await imageBytes(id, id > 7));
  }
  const content = {
    images: images.map((id) => ({ id, file_name: `${id}.png`, width: 64, height: 64 })),
    annotations: [8, 9].map((image_id) => ({
      image_id,
      category_id: 1,
      segmentation: [[20, 20, 40, 20, 40, 40, 20, 40]],
    })),
    categories: [{ id: 1, name: 'spot' }],
  };
  await write(at('coco', 'coco.json'), JSON.stringify(content));
  const lines = images.map((id) =>
    JSON.stringify({ 'source-ref': `s3://bucket/${id}.png`, 'anomaly-label': Number(id > 7) }),
  );
  await write(at('all.manifest'), lines.join('\n'));

  const manifest = [at('all.manifest'), '--s3-root', at('coco', 'images')];
  const trained = await bigrid('train', ...manifest, '--out', at('model.onnx'), ...tiny);
  expect(trained.stdout).toContain('trained on 6 good images, 8 scored by cross-fitting');
  const byCoco = await bigrid('evaluate', at('model.onnx'), at('coco'));
  expect(byCoco.stdout).toMatch(/^coco( +\d\.\d{4}){7}$/m);
  const byManifest = await bigrid('evaluate', at('model.onnx'), ...manifest);
  expect(byManifest.stdout).toMatch(/( +\d\.\d{4}){3}( +-){4}$/m);
  const demo = await bigrid(
    ...['demo', '--data', ...manifest, '--out', at('demo'), '--epochs', '1', '--threads', '1'],
  );
  expect(demo.code).toBe(0);
  expect(demo.stdout).toContain(`--out ${at('demo', 'inspected')}`);
  expect(demo.stdout).toContain(` ${at('coco', 'images')} `);
});
