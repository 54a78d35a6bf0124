import { parse } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { DataFolder } from '../../testing/data-folder.ts';
import { rootOf } from './listed-files.ts';

let data: DataFolder;
beforeEach(async () => {
  data = await DataFolder.make();
  await data.files('secret.png', 'sets/part/1.png', 'sets/images/1.png', 'sets/copy/1.png');
  await data.files('sets/part/images/inner.png');
});
afterEach(() => data.remove());

type Write = (address: string) => Promise<{ readonly dataset: string; readonly options?: object }>;

const manifest: Write = async (address) => {
  const label = { 'class-name': 'normal', type: 'groundtruth/image-classification' };
  const line = { 'source-ref': address, 'anomaly-label': 0, 'anomaly-label-metadata': label };
  await data.json('sets/part/train.manifest', line);
  return { dataset: 'sets/part', options: { s3Root: data.at('sets', 'copy') } };
};
const coco: Write = async (file_name) => {
  const images = [{ id: 1, file_name, width: 4, height: 3 }];
  await data.json('sets/part/coco.json', { images, annotations: [], categories: [] });
  return { dataset: 'sets/part' };
};
const visa: Write = async (image) => {
  const rows = `object,split,label,image,mask\npart,train,normal,${image},\n`;
  await data.write('sets/split_csv/1cls.csv', rows);
  return { dataset: 'sets' };
};
const windows: Write = (address) => coco(address.replaceAll('/', '\\'));
const windowsManifest: Write = (address) => manifest(address.replaceAll('/', '\\'));
const windowsVisa: Write = (address) => visa(address.replaceAll('/', '\\'));
const visaMask: Write = async (mask) => {
  const rows = `object,split,label,image,mask\npart,test,anomaly,part/1.png,${mask}\n`;
  await data.write('sets/split_csv/1cls.csv', rows);
  return { dataset: 'sets' };
};

describe('listed files', () => {
  it.each([
    ['a manifest, in its own folder', manifest, '1.png'],
    ['a manifest, in the folder above', manifest, '../images/1.png'],
    ['a manifest, by a whole path', manifest, () => data.at('sets', 'images', '1.png')],
    ['a manifest, in the copy of a bucket', manifest, 's3://bucket/1.png'],
    ['COCO, in the folder above', coco, '../images/1.png'],
    ['VisA, in the folder above split_csv', visa, 'part/../images/1.png'],
    ['COCO, with backslashes', windows, '../images/1.png'],
    ['COCO, in another folder than Label Studio writes', windows, 'images/7/inner.png'],
    ['COCO, where Label Studio keeps it itself', windows, '../../../media/upload/7/inner.png'],
    ['COCO, by a whole path of Windows', windows, 'C:/Users/me/part/inner.png'],
    ['a manifest, with backslashes', windowsManifest, '../images/1.png'],
    ['VisA, with backslashes', windowsVisa, 'part/1.png'],
  ] as const)('may lie near it: %s', async (_, write, address) => {
    const { dataset, options } = await write(typeof address === 'string' ? address : address());
    const { classes } = await data.understood(dataset, options);
    expect(classes[0]?.training).toHaveLength(1);
  });

  it.each([
    ['a manifest', manifest, '../../secret.png'],
    ['a manifest, by a whole path', manifest, () => data.at('secret.png')],
    ['a manifest, next to the copy of a bucket', manifest, 's3://bucket/../../part/1.png'],
    ['COCO', coco, '../../secret.png'],
    ['VisA', visa, '../secret.png'],
    ['VisA, for a mask', visaMask, '../secret.png'],
  ] as const)('are refused elsewhere, though they are there: %s', async (_, write, address) => {
    const { dataset, options } = await write(typeof address === 'string' ? address : address());
    await expect(data.understood(dataset, options)).rejects.toMatchObject({
      code: 'DATASET_INVALID',
      message: expect.stringMatching(/^Expected a file in .*, or below it, for .* but received /),
    });
  });

  it.each([
    ['COCO', windows],
    ['a manifest', windowsManifest],
    ['VisA', windowsVisa],
  ])('are not found outside by a path with backslashes: %s', async (_, write) => {
    const { dataset } = await write('../../secret.png');
    await expect(data.understood(dataset)).rejects.toMatchObject({
      code: 'DATASET_INVALID',
      message: expect.stringContaining('..\\..\\secret.png'),
    });
  });

  it('are in the own folder of a list at the root of a drive', () => {
    const { root } = parse(data.path);
    expect(rootOf(`${root}data/train.manifest`)).toBe(`${root}data`);
    expect(rootOf(`${root}data/lists/train.manifest`)).toBe(`${root}data`);
    expect(rootOf(`${root}train.manifest`)).toBe(root);
  });
});
